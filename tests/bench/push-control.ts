/**
 * The control of the push benchmark, a process of its own: uWS with TLS that reads the body and answers 204.
 * Arguments: certificate file, key file, port.
 */
import * as uWS from 'uWebSockets.js';

const [cert_file_name = '', key_file_name = '', port = '0'] = process.argv.slice(2);

uWS
  .SSLApp({ cert_file_name, key_file_name })
  .post('/metrics', (res) => {
    let received = 0;
    res.onAborted(() => undefined);
    res.onData((chunk, isLast) => {
      received += chunk.byteLength;
      if (!isLast || received === 0) return;
      res.cork(() => {
        res.writeStatus('204 No Content').endWithoutBody();
      });
    });
  })
  .listen('127.0.0.1', Number(port), (socket) => {
    if (socket === false) throw new Error(`cannot listen on ${port}`);
    console.log('listening');
  });
