import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { HttpClient } from './http-client.ts';
import { remoteTimeoutMs, TIMEOUT_VARIABLE } from './remote-timeout.ts';

test('seconds from the environment, or nothing', () => {
  const told = (text?: string) => remoteTimeoutMs({ [TIMEOUT_VARIABLE]: text });
  assert.equal(told(), undefined);
  assert.equal(told(''), undefined);
  assert.equal(told('2.5'), 2500);
  assert.equal(told('3600'), 3_600_000);
  for (const wrong of ['0', '-1', 'soon', '1e3', '3601', '0x10', ' 5', '1.2345']) {
    assert.throws(() => told(wrong), { code: 'CLEW_USAGE' }, wrong);
  }
});

test('a silent server is given up after the time of the environment', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  process.env[TIMEOUT_VARIABLE] = '0.1';
  const base = new URL(`http://127.0.0.1:${port}/`);
  const client = new HttpClient({ base, retries: 0, timeoutMs: 60_000 });
  try {
    await assert.rejects(client.get('x'), { code: 'CLEW_REMOTE_SLOW' });
  } finally {
    delete process.env[TIMEOUT_VARIABLE];
    client.close();
    server.closeAllConnections();
    server.close();
  }
});
