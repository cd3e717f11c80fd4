/**
 * The commands over real blocks, read in place from the shared data. The totals were counted once by a parser of some hundred
 * lines in another language, which shares nothing with this program.
 */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../src/exit-codes.ts';
import { type Run, runClew, serveClew } from './support/run-clew.ts';
import { sharedPath } from './support/shared-data.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('real-blocks');
const clew = (...argv: string[]): Promise<Run> => runClew(folder, ...argv);

interface Totals {
  readonly blocks: number;
  readonly transactions: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly addresses: number;
  readonly unspent: { readonly count: number; readonly value: string };
  /** Null when not all are known. */
  readonly fees: string | null;
  readonly unknownInputs: number;
}

const EARLY: Totals = {
  blocks: 600,
  transactions: 616,
  inputs: 25,
  outputs: 627,
  addresses: 614,
  unspent: { count: 601, value: '2995000000000' },
  fees: '0',
  unknownInputs: 0,
};

const COUNTED: readonly [path: string, network: string, totals: Totals][] = [
  ['bitcoin/blocks/early', 'main', EARLY],
  // The same blocks as a newer node stores them.
  ['bitcoin/framing/xor', 'main', EARLY],
  [
    'bitcoin/blocks/modern',
    'main',
    {
      blocks: 4,
      transactions: 10_718,
      inputs: 24_602,
      outputs: 40_092,
      addresses: 25_561,
      unspent: { count: 34_287, value: '2775207904531' },
      fees: null,
      unknownInputs: 19_137,
    },
  ],
  [
    'bitcoin/blocks/single',
    'main',
    {
      blocks: 15,
      transactions: 14_197,
      inputs: 48_108,
      outputs: 38_876,
      addresses: 31_599,
      unspent: { count: 35_355, value: '6595643678502' },
      fees: null,
      unknownInputs: 45_293,
    },
  ],
  [
    'bitcoin/blocks/single',
    'testnet3',
    {
      blocks: 4,
      transactions: 26,
      inputs: 27,
      outputs: 52,
      addresses: 38,
      unspent: { count: 46, value: '44422413074' },
      fees: null,
      unknownInputs: 25,
    },
  ],
  [
    'coinjoin/wasabi2-emulated',
    'regtest',
    {
      blocks: 324,
      transactions: 335,
      inputs: 170,
      outputs: 921,
      addresses: 398,
      unspent: { count: 427, value: '1150000000000' },
      fees: '2548320',
      unknownInputs: 0,
    },
  ],
];

test('status counts what an independent parser counts', async (t) => {
  let ledgers = 0;
  for (const [path, network, totals] of COUNTED) {
    const blocks = sharedPath(t, path);
    if (blocks === undefined) return;
    ledgers += 1;
    const data = `counted-${ledgers}`;
    const run = await clew('index', '--blocks', blocks, '--network', network, '--data', data);
    assert.equal(run.exit, 0, run.stderr);
    const { status } = run.json;
    const counted = Object.fromEntries(Object.keys(totals).map((name) => [name, status[name]]));
    assert.deepEqual(counted, totals, `${path} of ${network}`);
    assert.deepEqual(status, (await clew('status', '--data', data)).json);
  }
});

test('block files that go wrong: each finding has its code and its place, and the rest is there', async (t) => {
  const found = (run: Run): [string, unknown][] =>
    run.json.problems.map(({ code, facts }: Run['warnings'][0]) => [code, facts['offset']]);
  const cases: [file: string, options: string[], blocks: number, findings: [string, number][]][] = [
    ['cut-tail-testnet3.dat', [], 401, [['CLEW_BLOCK_CUT', 95_027]]],
    ['damaged-record.dat', ['--height', '300'], 299, [['CLEW_BLOCK_MERKLE', 33_580]]],
    [
      'stray-byte-duplicate-padding.dat',
      ['--height', '300'],
      300,
      [
        ['CLEW_BLOCK_STRAY_BYTES', 70_449],
        ['CLEW_BLOCK_DUPLICATE', 70_450],
      ],
    ],
    [
      'two-networks.blk',
      ['--network', 'main'],
      1,
      [
        ['CLEW_BLOCK_OTHER_NETWORK', 0],
        ['CLEW_BLOCK_OTHER_NETWORK', 191_491],
      ],
    ],
    [
      'out-of-order.blk',
      [],
      2,
      [
        ['CLEW_BLOCK_UNLINKED', 293],
        ['CLEW_BLOCK_UNLINKED', 775],
      ],
    ],
  ];
  for (const [file, options, blocks, findings] of cases) {
    const path = sharedPath(t, `bitcoin/framing/${file}`);
    if (path === undefined) return;
    const run = await clew('index', '--blocks', path, ...options, '--data', `framing-${file}`);
    assert.equal(run.exit, 0, run.stderr);
    assert.equal(run.json.blocksAdded, blocks, file);
    assert.deepEqual(found(run), findings, file);
  }
});

test('block files in which nothing is right end with the code of what is wrong', async (t) => {
  const cases: [file: string, options: string[], code: string, exit: number][] = [
    ['gzipped.blk.gz', [], 'CLEW_BLOCK_FILE_FORMAT', EXIT.badInput],
    ['namecoin-auxpow.blk', [], 'CLEW_BLOCK_OTHER_NETWORK', EXIT.badInput],
    ['litecoin-cut.blk', [], 'CLEW_BLOCK_CUT', EXIT.damaged],
    ['litecoin-cut.blk', ['--network', 'main'], 'CLEW_NETWORK_MISMATCH', EXIT.badInput],
    ['two-networks.blk', [], 'CLEW_NETWORK_AMBIGUOUS', EXIT.usage],
    ['damaged-record.dat', [], 'CLEW_BLOCK_UNLINKED', EXIT.badInput],
  ];
  for (const [file, options, code, exit] of cases) {
    const path = sharedPath(t, `bitcoin/framing/${file}`);
    if (path === undefined) return;
    const run = await clew('index', '--blocks', path, ...options, '--data', 'refused');
    assert.equal(run.error?.code, code, file);
    assert.equal(run.exit, exit, file);
  }
});

/** Block 170, the first payment between two people: 10 of 50 coins, the rest as change. */
const FIRST_PAYMENT = 'f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16';

async function ask(...argv: string[]): Promise<Run['json']> {
  const run = await clew(...argv);
  assert.equal(run.exit, 0, run.stderr);
  return run.json;
}

async function earlyLedger(t: TestContext): Promise<string | undefined> {
  const blocks = sharedPath(t, 'bitcoin/blocks/early');
  if (blocks === undefined) return undefined;
  // A copy, since the place of the raw bytes is asked for.
  cpSync(blocks, join(folder, 'early'), { recursive: true });
  await ask('index', '--blocks', 'early', '--data', 'early-data');
  return 'early-data';
}

test('the first payment of all is found, followed both ways, and counted', async (t) => {
  const data = await earlyLedger(t);
  if (data === undefined) return;
  await serveClew(folder, data, async () => {
    const tx = await ask('tx', FIRST_PAYMENT, '--data', data);
    assert.deepEqual(
      [
        tx.height,
        tx.feeSats,
        tx.inputs[0].valueSats,
        tx.outputs[0].valueSats,
        tx.outputs[1].valueSats,
      ],
      [170, 0, 5_000_000_000, 1_000_000_000, 4_000_000_000],
    );
    const payer = tx.inputs[0].address as string;
    const asOf170 = await ask('address', payer, '--as-of', '170', '--data', data);
    assert.deepEqual(
      [asOf170.balance, asOf170.received, asOf170.sent, asOf170.counts.transactions],
      ['4000000000', '9000000000', '5000000000', 2],
    );
    const before = await clew('tx', FIRST_PAYMENT, '--as-of', '169', '--data', data);
    assert.equal(before.error?.code, 'CLEW_TX_NOT_FOUND');
    for (const method of ['fifo', 'haircut']) {
      const argv = ['trace', `${FIRST_PAYMENT}:1`, '--method', method, '--data', data];
      for (const direction of ['forward', 'backward']) {
        const view = await ask(...argv, '--direction', direction);
        assert.equal(view.tracedSats, '4000000000');
        const ended = view.stops.map((stop: { totalSats: string }) => BigInt(stop.totalSats));
        assert.equal(
          ended.reduce((sum: bigint, each: bigint) => sum + each, 0n),
          4_000_000_000n,
        );
      }
      // One step back lies the reward of block 9.
      const back = await ask(...argv, '--direction', 'backward');
      assert.deepEqual(
        back.leaves.map((leaf: { reason: string; height: number }) => [leaf.reason, leaf.height]),
        [['mined', 9]],
      );
    }
    // The coins of the genesis block can not be spent.
    const genesis = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b';
    const [output] = (await ask('tx', genesis, '--data', data)).outputs;
    assert.equal(output.status, 'unspendable');
    const satoshi = await ask('address', output.address, '--data', data);
    assert.deepEqual([satoshi.balance, satoshi.unspendable], ['0', '5000000000']);
  });
});
