/** Readers on test servers: without waiting, and with a chain whose histories have many pages. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import { sha256d } from '../../src/bytes/hash.ts';
import { bytesToHex, hashToDisplay } from '../../src/bytes/hex.ts';
import { getNetwork } from '../../src/chain/network.ts';
import { ClewError, type ErrorCode } from '../../src/errors.ts';
import {
  type EsploraReader,
  type EsploraReaderOptions,
  openEsploraReader,
} from '../../src/ledger/read/esplora-reader.ts';
import type { ScriptHex } from '../../src/units/ids.ts';
import type { UnixSeconds } from '../../src/units/time.ts';
import { EsploraTestServer, type ServedBlock } from './esplora-server.ts';
import { type MinedBlock, mineBlock, REGTEST_GENESIS, spend } from './mined-blocks.ts';

export const REGTEST = getNetwork('regtest');

export async function startServer(
  t: TestContext,
  blocks: readonly ServedBlock[],
): Promise<EsploraTestServer> {
  const server = new EsploraTestServer(REGTEST, blocks);
  await server.listen(t);
  return server;
}

/** A reader that looks at the tip before every answer and never waits. */
export async function openReader(
  t: TestContext,
  server: { readonly url: URL },
  cacheFolder: string,
  options: Partial<EsploraReaderOptions> = {},
): Promise<EsploraReader> {
  let nowMs = 0;
  const reader = await openEsploraReader({
    network: REGTEST,
    base: server.url,
    cacheFolder,
    tipMaxAgeMs: -1,
    retries: 1,
    clock: { nowSeconds: () => 0 as UnixSeconds, elapsedMs: () => nowMs },
    sleep: async (milliseconds) => {
      nowMs += milliseconds;
    },
    ...options,
  });
  t.after(() => reader.close());
  return reader;
}

export async function fails(
  work: () => Promise<unknown>,
  code: ErrorCode,
  about = '',
): Promise<ClewError> {
  let answer: unknown;
  try {
    answer = await work();
  } catch (error) {
    assert.ok(error instanceof ClewError, `${about}: ${inspect(error)}`);
    assert.equal(error.code, code, `${about}: ${inspect(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: `${about}: nothing failed, but ${inspect(answer)}` });
}

/** A P2WPKH script that is paid again and again. */
export const BUSY_SCRIPT = bytesToHex(
  Uint8Array.from([0, 20, ...new Array<number>(20).fill(7)]),
) as ScriptHex;

/**
 * A chain in which one script is paid in each block from height 2 on.
 *
 * @param payments in each block
 */
export function busyChain(blocks: number, payments: number): MinedBlock[] {
  const chain = [REGTEST_GENESIS];
  while (chain.length <= blocks) chain.push(nextBlock(chain, payments));
  return chain;
}

/** One block more, that pays the script so many times. */
export function nextBlock(
  chain: readonly MinedBlock[],
  payments: number,
  extra = new Uint8Array(0),
): MinedBlock {
  const parent = chain.at(-1)!;
  const transactions: Uint8Array[] = [];
  const script = Uint8Array.from(Buffer.from(BUSY_SCRIPT, 'hex'));
  let coin = { txid: parent.txids[0]!, vout: 0, sats: 50 * 100_000_000 };
  for (let i = 0; i < payments && parent.height > 0; i += 1) {
    const sats = 1000 + i + parent.height;
    const rest = coin.sats - sats - 10;
    const bytes = spend(coin.txid, coin.vout, [
      { sats, script },
      { sats: rest, script: Uint8Array.of(0x51) },
    ]);
    transactions.push(bytes);
    coin = { txid: txidOf(bytes), vout: 1, sats: rest };
  }
  return mineBlock({ prevHash: parent.hash, height: parent.height + 1, transactions, extra });
}

function txidOf(bytes: Uint8Array): string {
  return hashToDisplay(sha256d(bytes));
}
