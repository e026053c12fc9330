/**
 * Viewers of the fan-out benchmark, in a process of their own. Arguments: port, path (the live server's or the
 * control's), number of viewers. Sends `ready` when all have joined, and `all` for each message that all have received.
 */
const [port = '0', path = '', count = '1'] = process.argv.slice(2);
const viewers = Number(count);
let ready = 0;
let received = 0;

function joined(): void {
  ready += 1;
  if (ready === viewers) process.send?.('ready');
}

function gotChange(): void {
  received += 1;
  if (received % viewers === 0) process.send?.('all');
}

/** The engine's and socket.io's handshake, by hand: a hundred whole clients would be slower than the server. */
function onText(socket: WebSocket, text: string): void {
  if (text.startsWith('0')) socket.send('40');
  else if (text.startsWith('40')) socket.send('420["subscribe","fleet"]');
  else if (text.startsWith('430')) joined();
  else if (text.startsWith('42["change"')) gotChange();
  else if (text === '2') socket.send('3');
}

for (let i = 0; i < viewers; i++) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  socket.addEventListener('message', ({ data }) => onText(socket, String(data)));
  socket.addEventListener('error', () => process.exit(1));
}
process.on('disconnect', () => process.exit(0));
