/**
 * electrs, fed by a stand-in for the node that it needs. Measured is its whole first synchronisation; afterwards a
 * second process answers for the index from the same database: its tip, and the balances of some scripts.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChainWalk } from './chain-walk.ts';
import { crateProgram, installCrate } from './install.ts';
import { type NodeFolder, readBlocks } from './node-folder.ts';
import type { ChainFacts, Peer, PeerRun } from './peer.ts';
import { StandInNode } from './stand-in-node.ts';

const VERSION = '0.12.0';
const CONNECT_TRIES = 100;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Sends calls of the Electrum protocol one after the other, as soon as somebody listens. */
async function askElectrum(
  port: number,
  calls: readonly { method: string; params: readonly unknown[] }[],
): Promise<unknown[]> {
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
    } catch (error) {
      if (tries === CONNECT_TRIES) throw error;
      await sleep(100);
      continue;
    }
    const answers: unknown[] = [];
    socket.write(calls.map((call, id) => `${JSON.stringify({ id, ...call })}\n`).join(''));
    for await (const line of createInterface({ input: socket })) {
      const answer = JSON.parse(line) as { id: number; result?: unknown; error?: unknown };
      assert.equal(answer.error, undefined, `electrs: ${JSON.stringify(answer.error)}`);
      answers[answer.id] = answer.result;
      if (answers.length === calls.length && !answers.includes(undefined)) break;
    }
    socket.destroy();
    return answers;
  }
}

/** The Electrum protocol names a script by the SHA-256 of its bytes, turned round. */
function scriptHash(scriptHex: string): string {
  return createHash('sha256').update(scriptHex, 'hex').digest().reverse().toString('hex');
}

async function electrsFacts(port: number, walk: ChainWalk): Promise<ChainFacts> {
  const scripts = [...walk.balances.keys()];
  const [tip, ...balances] = (await askElectrum(port, [
    { method: 'blockchain.headers.subscribe', params: [] },
    ...scripts.map((script) => ({
      method: 'blockchain.scripthash.get_balance',
      params: [scriptHash(script)],
    })),
  ])) as [{ height: number }, ...{ confirmed: number }[]];
  for (const [index, script] of scripts.entries()) {
    assert.equal(BigInt(balances[index]!.confirmed), walk.balances.get(script), 'a balance');
  }
  return { blocks: tip.height + 1 };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
}

/** @param walkOf gives the chain's walk, made once for all rounds */
export function electrsPeer(cache: string, walkOf: () => ChainWalk): Peer {
  const program = crateProgram(cache, 'electrs', VERSION);
  const prepare = async (
    node: NodeFolder,
    _heightEnd: number,
    scratch: string,
  ): Promise<PeerRun> => {
    const walk = walkOf();
    const standIn = new StandInNode(readBlocks(node), walk);
    const nodePort = await standIn.listen();
    const electrumPort = await freePort();
    const database = join(scratch, 'electrs');
    mkdirSync(database);
    writeFileSync(join(scratch, 'cookie'), 'user:password');
    const args = [
      ...['--network', 'regtest', '--db-dir', database, '--ignore-mempool'],
      ...['--daemon-rpc-addr', `127.0.0.1:${nodePort}`, '--cookie-file', join(scratch, 'cookie')],
      ...['--electrum-rpc-addr', `127.0.0.1:${electrumPort}`],
      ...['--monitoring-addr', `127.0.0.1:${await freePort()}`],
    ];
    return {
      process: { command: program, args: [...args, '--sync-once'], cwd: scratch },
      resultFolder: database,
      facts: async () => {
        const server = spawn(program, args, { cwd: scratch, stdio: 'ignore' });
        try {
          return await electrsFacts(electrumPort, walk);
        } finally {
          await stopped(server);
        }
      },
      stop: () => standIn.close(),
    };
  };
  return {
    name: `electrs ${VERSION}`,
    note: 'a stand-in for its node, on the same cores, gives it blocks and what they spend',
    work: {
      values: 'no: asks the node',
      addresses: 'hashes of scripts, 8 bytes of each',
      clusters: 'no',
      checks: 'links',
      keeps: 'where each txid and script occurs',
    },
    install: () => installCrate(cache, 'electrs', VERSION),
    prepare,
  };
}
