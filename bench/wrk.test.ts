import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { skipForMissing } from '../test/support/service-process.ts';
import { findWrk, runWrk } from './wrk.ts';

test('a load asks for every path, and says how many answers were bad and how long they took', async (t) => {
  if (findWrk() === undefined) return skipForMissing(t, 'wrk');
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url!;
    counts.set(path, (counts.get(path) ?? 0) + 1);
    assert.equal(request.headers['x-asked'], 'yes');
    response.statusCode = path === '/bad' ? 404 : 200;
    if (path === '/slow') setTimeout(() => response.end('slow'), 30);
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const load = await runWrk({
      base: `http://127.0.0.1:${port}`,
      paths: ['/good', '/bad', '/slow', '/other'],
      seconds: 1,
      connections: 4,
      headers: { 'x-asked': 'yes' },
    });
    assert.deepEqual([...counts.keys()].sort(), ['/bad', '/good', '/other', '/slow']);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    // What was on its way when the time was up is not counted by wrk.
    assert.ok(load.requests > 0 && Math.abs(total - load.requests) <= 4);
    assert.ok(Math.abs(load.badStatuses - counts.get('/bad')!) <= 4);
    assert.equal(load.failures, 0);
    assert.ok(load.p99Ms >= 25 && load.medianMs < load.p99Ms && load.maxMs >= load.p99Ms);
    assert.ok(load.requestsPerSecond > load.requests / 3);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
