/**
 * Real mixes: Whirlpool of March 2024 and Wasabi 1 of August 2021, as the Dumplings scanner listed them. Its lists of what
 * is no mix hold mixes that it missed; those must be found too. Peer rules stand beside ours as a comparison, not a mark.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sharedFile } from '../../../test/support/shared-data.ts';
import {
  type DumplingsTx,
  fillFromDumplings,
  parseDumplings,
  ScriptNumbers,
} from '../test-support/dumplings.ts';
import { esploraFlags, flagRule, mempoolFlags } from '../test-support/peer-rules.ts';
import { readZip } from '../test-support/zip.ts';
import { namingMix, type Verdict } from '../verdict.ts';
import { detect } from './detect.ts';
import { coinjoinParameters } from './parameters.ts';
import { TxShape } from './tx-shape.hot.ts';

const MAIN = coinjoinParameters('main');
const shape = new TxShape();

interface Judged {
  readonly tx: DumplingsTx;
  readonly mix: Verdict | undefined;
  readonly ruleIds: readonly string[];
  readonly peers: { readonly flag: boolean; readonly esplora: boolean; readonly mempool: boolean };
}

const judged = new Map<string, Judged[]>();

function judgeFile(t: TestContext, zip: string, name: string): Judged[] | undefined {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const archive = sharedFile(t, `coinjoin/${zip}`);
  if (archive === undefined) return undefined;
  const text = readZip(archive).get(`Scanner/${name}`)!.toString('utf8');
  const scripts = new ScriptNumbers();
  const result = parseDumplings(text).map((tx) => {
    fillFromDumplings(shape, tx, scripts);
    const { verdicts } = detect(shape, MAIN);
    return {
      tx,
      mix: namingMix(verdicts),
      ruleIds: verdicts.map((verdict) => verdict.ruleId),
      peers: { flag: flagRule(shape), esplora: esploraFlags(shape), mempool: mempoolFlags(shape) },
    };
  });
  judged.set(name, result);
  return result;
}

function countRules(transactions: readonly Judged[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { mix } of transactions) {
    const name = mix === undefined ? 'none' : `${mix.ruleId} ${mix.strength}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** How many each rule of others would flag. */
function countPeers(
  transactions: readonly Judged[],
): Record<'flag' | 'esplora' | 'mempool', number> {
  const count = (name: 'flag' | 'esplora' | 'mempool') =>
    transactions.filter(({ peers }) => peers[name]).length;
  return { flag: count('flag'), esplora: count('esplora'), mempool: count('mempool') };
}

test('Whirlpool: all 1,403 listed mixes are found', (t) => {
  const mixes = judgeFile(t, 'whirlpool-2024-03.zip', 'SamouraiCoinJoins.txt');
  if (mixes === undefined) return;
  assert.deepEqual(countRules(mixes), { 'WH-1 strong': 1403 });
  // The rule that BlockSci and GraphSense cluster by sees none of them.
  assert.deepEqual(countPeers(mixes), { flag: 0, esplora: 1403, mempool: 1403 });
});

test('Whirlpool: the 327 mixes in the other two lists are found, and nothing else there is called Whirlpool', (t) => {
  const tx0s = judgeFile(t, 'whirlpool-2024-03.zip', 'SamouraiTx0s.txt');
  const later = judgeFile(t, 'whirlpool-2024-03.zip', 'SamouraiPostMixTxs.txt');
  if (tx0s === undefined || later === undefined) return;
  const isMix = ({ mix }: Judged): boolean => mix?.ruleId === 'WH-1';
  assert.equal(tx0s.filter(isMix).length, 151);
  assert.equal(later.filter(isMix).length, 251);
  const found = new Set([...tx0s, ...later].filter(isMix).map(({ tx }) => tx.txid));
  assert.equal(found.size, 327);
  // They were missed because an output goes straight to a P2WSH script.
  const scriptHashes = [...tx0s, ...later]
    .filter(isMix)
    .map(({ mix }) => Number(mix!.facts['scriptHashOutputs']));
  assert.deepEqual([...new Set(scriptHashes)].sort(), [1, 2]);
});

test('Whirlpool: of 749 real TX0s 747 are recognised, none is called a mix', (t) => {
  const tx0s = judgeFile(t, 'whirlpool-2024-03.zip', 'SamouraiTx0s.txt');
  if (tx0s === undefined) return;
  const rest = tx0s.filter(({ mix }) => mix?.ruleId !== 'WH-1');
  assert.equal(rest.length, 749);
  assert.deepEqual(countRules(rest), { none: 749 });
  assert.equal(rest.filter(({ ruleIds }) => ruleIds.includes('TX0-1')).length, 747);
  assert.equal(rest.filter(({ ruleIds }) => ruleIds.includes('SW-1')).length, 1);
});

test('Whirlpool: of 2,385 transactions after the mix six are called mixes, one of them strongly', (t) => {
  const later = judgeFile(t, 'whirlpool-2024-03.zip', 'SamouraiPostMixTxs.txt');
  if (later === undefined) return;
  const rest = later.filter(({ mix }) => mix?.ruleId !== 'WH-1');
  assert.deepEqual(countRules(rest), {
    none: 2379,
    // Looked at by hand: five owners mix 284,254 satoshi, four with change; a JoinMarket round with remixed coins.
    'JM-1 strong': 1,
    // Eleven mixed coins into three equal and three other outputs; the inputs can not be dealt out.
    'JM-1 possible': 1,
    // Six or eight mixed coins into five or seven of the same value: somebody moves them without splitting.
    'EQ-1 possible': 4,
  });
  const strong = rest.filter(({ mix }) => mix?.strength === 'strong').map(({ tx }) => tx.txid);
  assert.deepEqual(strong, ['891c170136939b193a51f8c303a5b0081e294b319e0bd0baf40e68c3f04b9988']);
  const stonewalls = rest.filter(({ ruleIds }) => ruleIds.includes('SW-1')).length;
  assert.equal(stonewalls, 167, 'Samourai wallets pay by Stonewall');
});

test('Wasabi 1: all 196 listed rounds are found without a coordinator address', (t) => {
  const rounds = judgeFile(t, 'wasabi1-2021-08.zip', 'WasabiCoinJoins.txt');
  if (rounds === undefined) return;
  assert.deepEqual(countRules(rounds), { 'WW1 strong': 196 });
  assert.ok(rounds.every(({ mix }) => mix!.facts['form'] === 'B'));
  assert.deepEqual(countPeers(rounds), { flag: 27, esplora: 196, mempool: 0 });
});

test('Wasabi 1: of 354 transactions after the mix, the twelve with equal outputs are JoinMarket, none is Wasabi', (t) => {
  const later = judgeFile(t, 'wasabi1-2021-08.zip', 'WasabiPostMixTxs.txt');
  if (later === undefined) return;
  assert.deepEqual(countRules(later), {
    none: 342,
    'JM-1 strong': 10,
    // 167 inputs, ten equal outputs and nine changes: beyond the published sizes.
    'JM-1 possible': 1,
    // 89 inputs, ten outputs of ten coins; three makers' changes give it away, but the search for all ends without an answer.
    'EQ-1 possible': 1,
  });
  const equalFive = later.filter(({ tx }) => {
    const values = tx.outputs.map(({ sats }) => sats);
    return values.some((sats) => values.filter((other) => other === sats).length >= 5);
  });
  // Looked at by hand: each has n equal outputs and n or n - 1 changes, from 5 to 12 people.
  assert.equal(equalFive.length, 12);
  assert.ok(equalFive.every(({ mix }) => mix !== undefined));
});
