/** Ports of the loopback interface that nobody listens on just now. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** So many different free ports; somebody else may take one before you do, so be ready to try again. */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer());
  // All are held at once: one that was let go could be given a second time.
  await Promise.all(
    listeners.map((listener) => {
      listener.listen(0, '127.0.0.1');
      return once(listener, 'listening');
    }),
  );
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(
    listeners.map((listener) => {
      listener.close();
      return once(listener, 'close');
    }),
  );
  return ports;
}
