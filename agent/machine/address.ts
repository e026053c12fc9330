/** The address of this machine that people would reach it by. */
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

/** How often the address is looked up again, in milliseconds: it seldom changes. */
const LOOK_EVERY = 60_000;

/**
 * The source address that the system uses towards `target`: the address of its default route. Connecting a UDP socket
 * only asks the routing table; nothing is sent.
 */
function routedAddress(family: 'udp4' | 'udp6', target: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(family);
    const done = (address?: string) => {
      socket.removeAllListeners();
      // Without a listener, a late error of the closing socket would end the process.
      socket.on('error', () => undefined);
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done());
    socket.connect(9, target, () => done(socket.address().address));
  });
}

function anyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.filter(({ internal }) => !internal);
  return (outside.find(({ family }) => family === 'IPv4') ?? outside[0])?.address ?? '';
}

/** The IPv4 address of the default route, else its IPv6 address, else any address; empty without a network. */
export async function primaryAddress(): Promise<string> {
  // These targets are reserved for documentation: they are routed like any other, and nobody has them.
  return (
    (await routedAddress('udp4', '192.0.2.1')) ?? (await routedAddress('udp6', '2001:db8::1')) ?? anyAddress()
  );
}

interface Address {
  /** The address as last looked up. */
  current(): string;
  stop(): void;
}

/** Looks up the primary address now, and again every minute. */
export async function watchAddress(): Promise<Address> {
  let address = await primaryAddress();
  const look = async () => {
    address = await primaryAddress();
  };
  const timer = setInterval(() => void look(), LOOK_EVERY);
  return { current: () => address, stop: () => clearInterval(timer) };
}
