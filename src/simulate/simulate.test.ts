/** The economy is held against the chain that it wrote, by a reader that shares nothing with it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Address, TEST_NETWORK } from '@scure/btc-signer';
import { parse } from 'yaml';
import * as rules from '../../test/support/mix-rules.ts';
import * as slow from '../../test/support/slow-chain.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256Hex } from '../bytes/hash.ts';
import { ClewError } from '../errors.ts';
import { type SimulateOptions, simulate } from './simulate.ts';

const REGTEST_MAGIC = 0xdab5bffa;
const TRANSACTIONS = 12_000;
const SEED = 'tests';
const ROOT = temporaryFolder('simulate');
const OUT = join(ROOT, 'economy');

interface MixRow {
  readonly txid: string;
  readonly protocol: string;
  readonly participants: readonly {
    readonly actor: string;
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
  }[];
}
interface PaymentRow {
  readonly txid: string;
  readonly vout: number;
  readonly from: string;
  readonly to: string;
  readonly for?: string;
  readonly via?: string;
  readonly sats: number;
  readonly purpose: string;
}
interface AddressRow {
  readonly address?: string;
  readonly script?: string;
  readonly owner: string;
  readonly role: string;
  readonly customer?: string;
}

const summary = await simulate({ outDir: OUT, transactions: TRANSACTIONS, seed: SEED });
const blocks = slow.readRecords(join(OUT, 'blocks'), REGTEST_MAGIC).map(slow.readBlock);
const { unspent, transactions, heights } = slow.replay(blocks);
const rows = readFileSync(join(OUT, 'truth.json'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const rowsOf = <T>(kind: string): T[] => rows.filter((row) => row.row === kind);
const actors = new Map<string, { kind: string; service?: true }>(
  rowsOf<{ id: string; kind: string; service?: true }>('actor').map((row) => [row.id, row]),
);
const addressRows = rowsOf<AddressRow>('address');
const payments = rowsOf<PaymentRow>('payment');
const changes = rowsOf<{ txid: string; vout: number; owner: string }>('change');
const mixes = rowsOf<MixRow>('mix');

/** Owner by script, as the truth says: through the address where there is one. */
const ownerByText = new Map<string, string>();
for (const row of addressRows) {
  if (row.address !== undefined) ownerByText.set(row.address, row.owner);
  if (row.script !== undefined) ownerByText.set(row.script, row.owner);
}
function ownerOf(script: Uint8Array): string | undefined {
  const hex = Buffer.from(script).toString('hex');
  return ownerByText.get(hex) ?? ownerByText.get(slow.describeScript(script).address ?? hex);
}
const getTx = (txid: string): slow.SlowTransaction => {
  const tx = transactions.get(txid);
  assert.ok(tx, `${txid} of the truth is in the chain`);
  return tx;
};

test('the chain has exactly as many transactions as were asked for', () => {
  const count = blocks.reduce((sum, block) => sum + block.transactions.length, 0);
  assert.equal(count, TRANSACTIONS);
  assert.equal(transactions.size, TRANSACTIONS, 'no txid occurs twice');
  assert.equal(summary.transactions, TRANSACTIONS);
  assert.deepEqual(summary.tip, { height: blocks.length - 1, hash: blocks.at(-1)!.hash });
});

test('each block is sound: Merkle root, witness commitment, proof of work, size', () => {
  for (const block of blocks) slow.checkBlock(block);
});

test('each block names its height (BIP 34) and comes after the median of the eleven before', () => {
  for (const [height, block] of blocks.entries()) {
    if (height === 0) continue;
    const script = Buffer.from(block.transactions[0]!.inputs[0]!.scriptSig);
    const named = height <= 16 ? script[0]! - 0x50 : script.readUIntLE(1, script[0]!);
    assert.equal(named, height);
    const before = blocks.slice(Math.max(0, height - 11), height).map((each) => each.timeSeconds);
    const median = before.sort((a, b) => a - b)[Math.floor(before.length / 2)]!;
    assert.ok(block.timeSeconds > median, `height ${height}`);
  }
});

test('fee rates are those of wallets, from 1 to 130 satoshi for a virtual byte', () => {
  for (const tx of transactions.values()) {
    if (tx.inputs[0]!.prevout === undefined) continue;
    const spent = tx.inputs.reduce((sum, input) => sum + input.prevout!.sats, 0n);
    const fee = tx.outputs.reduce((left, output) => left - output.sats, spent);
    const rate = Number(fee) / (tx.weight / 4);
    assert.ok(rate >= 1 && rate <= 130, `${tx.txid}: ${rate}`);
  }
});

test('the truth knows the owner of every output, and each output has one reason', () => {
  const reasons = new Map<string, number>();
  const note = (txid: string, vout: number): void => {
    reasons.set(`${txid}:${vout}`, (reasons.get(`${txid}:${vout}`) ?? 0) + 1);
  };
  for (const row of [...payments, ...changes]) note(row.txid, row.vout);
  for (const row of mixes)
    for (const each of row.participants) for (const vout of each.outputs) note(row.txid, vout);
  for (const [height, block] of blocks.entries()) {
    if (height === 0) continue;
    for (const tx of block.transactions) {
      for (const [vout, output] of tx.outputs.entries()) {
        const isData = output.script[0] === 0x6a;
        assert.equal(reasons.get(`${tx.txid}:${vout}`) ?? 0, isData ? 0 : 1, `${tx.txid}:${vout}`);
        if (isData) continue;
        const owner = ownerOf(output.script);
        assert.ok(owner !== undefined && actors.has(owner), `owner of ${tx.txid}:${vout}`);
      }
    }
  }
});

test('payment and change rows agree with the outputs that they name', () => {
  for (const row of payments) {
    const output = getTx(row.txid).outputs[row.vout]!;
    assert.equal(output.sats, BigInt(row.sats));
    assert.equal(ownerOf(output.script), row.to);
    assert.ok(row.from === 'coinbase' || actors.has(row.from), row.from);
    if (row.via !== undefined) assert.ok(actors.get(row.via)?.service, row.via);
  }
  for (const row of changes) {
    const tx = getTx(row.txid);
    assert.equal(ownerOf(tx.outputs[row.vout]!.script), row.owner);
    assert.ok(tx.inputs.some((input) => ownerOf(input.prevout!.script) === row.owner));
  }
});

test('an address has one row, and its address is what another library makes of the script', () => {
  const seen = new Set<string>();
  for (const row of addressRows) {
    const key = row.script ?? row.address!;
    assert.ok(!seen.has(key), key);
    seen.add(key);
    if (row.address === undefined || row.address.startsWith('bcrt1p')) continue;
    // The library refuses witness versions that it does not know, and Taproot keys off the curve.
    if (/^bcrt1[a-oq-z02-9]/.test(row.address) && !row.address.startsWith('bcrt1q')) continue;
    assert.ok(Address({ ...TEST_NETWORK, bech32: 'bcrt' }).decode(row.address));
  }
});

test('all inputs of a transaction belong to one owner, but for the mixes', () => {
  const mixed = new Map(mixes.map((row) => [row.txid, row]));
  for (const tx of transactions.values()) {
    if (tx.inputs[0]!.prevout === undefined) continue;
    const owners = tx.inputs.map((input) => ownerOf(input.prevout!.script));
    const row = mixed.get(tx.txid);
    if (row === undefined) {
      assert.equal(new Set(owners).size, 1, tx.txid);
      continue;
    }
    for (const each of row.participants) {
      for (const vin of each.inputs) assert.equal(owners[vin], each.actor);
      for (const vout of each.outputs) assert.equal(ownerOf(tx.outputs[vout]!.script), each.actor);
    }
    const named = row.participants.flatMap((each) => each.inputs);
    assert.deepEqual(
      named.sort((a, b) => a - b),
      [...owners.keys()],
      'each input has a participant',
    );
  }
});

test('each protocol occurs, and its transactions satisfy its rule', () => {
  const time = (txid: string): number => blocks[heights.get(txid)!]!.timeSeconds;
  const checks: Record<string, (tx: slow.SlowTransaction) => boolean> = {
    whirlpool: (tx) => rules.isWhirlpool(tx, time(tx.txid)),
    wasabi1: rules.isWasabiOne,
    wasabi2: rules.isWasabiTwo,
    joinmarket: rules.isJoinMarket,
    stonewall: rules.isStonewall,
    stonewall_x2: rules.isStonewall,
    payjoin: (tx) => tx.outputs.length === 2 && tx.inputs.length === 2,
  };
  const met = new Set<string>();
  for (const row of mixes) {
    met.add(row.protocol);
    assert.ok(checks[row.protocol]!(getTx(row.txid)), `${row.protocol} ${row.txid}`);
  }
  for (const protocol of [
    'whirlpool',
    'wasabi1',
    'wasabi2',
    'joinmarket',
    'stonewall',
    'payjoin',
  ]) {
    assert.ok(met.has(protocol), protocol);
  }
  const first = payments.filter((row) => row.purpose === 'mix_fee');
  for (const row of first) assert.ok(rules.isTx0(getTx(row.txid)), `TX0 ${row.txid}`);
});

test('every kind of script occurs, and every kind of actor', () => {
  const kinds = new Set<string>();
  for (const tx of transactions.values())
    for (const output of tx.outputs) kinds.add(slow.describeScript(output.script).kind);
  const wanted = [
    'p2pk',
    'p2pkh',
    'p2sh',
    'p2wpkh',
    'p2wsh',
    'p2tr',
    'witness_unknown',
    'multisig',
    'op_return',
    'nonstandard',
  ];
  assert.deepEqual(
    wanted.filter((kind) => !kinds.has(kind)),
    [],
  );
  const found = new Set([...actors.values()].map((actor) => actor.kind));
  for (const kind of [
    'exchange',
    'instant_exchange',
    'payment_processor',
    'merchant',
    'gambling',
    'charity',
  ])
    assert.ok(found.has(kind), kind);
  for (const kind of [
    'remittance',
    'market',
    'pool',
    'miner',
    'mixing_service',
    'maker',
    'vendor',
    'payer',
  ])
    assert.ok(found.has(kind), kind);
});

test('the vendor is a small part of an ordinary economy', () => {
  const paid = payments.filter((row) => row.purpose === 'site_payment');
  assert.ok(paid.length > 100 && paid.length < TRANSACTIONS / 40, `${paid.length} payments`);
  const direct = paid.filter((row) => row.via !== undefined).length;
  assert.ok(
    direct > paid.length / 10 && direct < paid.length / 2,
    `${direct} straight from an exchange`,
  );
  const payers = new Set(paid.map((row) => row.from));
  for (const payer of payers) assert.equal(actors.get(payer)?.kind, 'payer');
  // They do other things as well.
  const other = payments.filter((row) => payers.has(row.from) && row.purpose !== 'site_payment');
  assert.ok(other.length > 2 * paid.length, `${other.length} other payments`);
  const out = payments.filter((row) => row.purpose === 'cash_out');
  assert.ok(
    out.length > 10 &&
      out.every((row) => row.from.startsWith('vendor') && actors.get(row.to)?.service),
  );
  const gathered = payments
    .filter((row) => row.purpose === 'gathering')
    .map((row) => getTx(row.txid));
  assert.ok(gathered.length > 5 && gathered.some((tx) => tx.inputs.length > 5));
});

test('some payers come back every month', () => {
  const times = new Map<string, number[]>();
  for (const row of payments.filter((each) => each.purpose === 'site_payment')) {
    const list = times.get(row.from) ?? [];
    list.push(blocks[heights.get(row.txid)!]!.timeSeconds / 86_400);
    times.set(row.from, list);
  }
  const monthly = [...times.values()].filter(
    (days) =>
      days.length >= 4 && days.slice(1).every((day, i) => Math.abs(day - days[i]! - 30) < 4),
  );
  assert.ok(monthly.length >= 3, `${monthly.length} payers`);
});

test('the tag pack is a TagPack, incomplete, and wrong where the truth says so', () => {
  const pack = parse(readFileSync(join(OUT, 'tags.yaml'), 'utf8'));
  for (const field of ['title', 'creator', 'currency', 'network', 'source'])
    assert.ok(pack[field], field);
  const wrong = new Map(
    rowsOf<{ address: string; label: string; category: string }>('wrong_tag').map((row) => [
      row.address,
      row,
    ]),
  );
  assert.ok(wrong.size >= 3 && wrong.size < pack.tags.length / 20);
  assert.equal(summary.wrongTags, wrong.size);
  const owners = new Map(addressRows.map((row) => [row.address, row.owner]));
  const taggedOwners = new Map<string, string>();
  const tagged = new Set<string>();
  for (const tag of pack.tags) {
    const owner = owners.get(tag.address);
    assert.ok(owner !== undefined, `${tag.address} is in the chain`);
    assert.ok(!tagged.has(tag.address), 'one tag for an address');
    tagged.add(tag.address);
    assert.doesNotMatch(tag.category, /abuse/);
    assert.ok(
      !['vendor', 'payer'].includes(actors.get(owner)!.kind),
      'the vendor and its payers have no tag',
    );
    if (wrong.get(tag.address)?.label === tag.label) continue;
    assert.equal(taggedOwners.get(tag.label) ?? owner, owner, `${tag.label} is one actor`);
    taggedOwners.set(tag.label, owner);
    assert.ok(actors.get(owner)!.service || actors.get(owner)!.kind === 'charity');
  }
  const services = [...actors].filter(([, actor]) => actor.service).map(([id]) => id);
  const untagged = services.filter((id) => ![...taggedOwners.values()].includes(id));
  assert.ok(untagged.length >= 3 && untagged.length < services.length / 2, untagged.join());
  const deposits = addressRows.filter((row) => row.role === 'deposit');
  const taggedDeposits = deposits.filter((row) => tagged.has(row.address!));
  assert.ok(taggedDeposits.length > 20 && taggedDeposits.length < deposits.length / 4);
});

test("the seed set is a part of the vendor's addresses, with the flaws that such lists have", () => {
  const lines = readFileSync(join(OUT, 'seeds.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(lines[0], 'address,source,site,seen_at,note');
  const cells = lines.slice(1).map((line) => line.split(','));
  const listed = cells.map(([address]) => address!);
  const sites = new Map(
    addressRows.filter((row) => 'site' in row).map((row) => [row.address!, row]),
  );
  const known = new Set(listed.filter((address) => sites.has(address)));
  assert.ok(
    known.size > 0.35 * sites.size && known.size < 0.65 * sites.size,
    `${known.size} of ${sites.size}`,
  );
  assert.equal(listed.length - new Set(listed).size, 1, 'one address twice');
  const strange = listed.filter((address) => !sites.has(address));
  assert.equal(strange.length, 2, 'one with a broken checksum, one of another chain');
  const [, foreign] = strange as [string, string];
  assert.match(foreign, /^T[1-9A-HJ-NP-Za-km-z]{33}$/);
  assert.throws(() => Address({ ...TEST_NETWORK, bech32: 'bcrt' }).decode(strange[0]!));
  for (const [, , site, seenAt] of cells) {
    assert.match(site!, /^site-[0-9a-f]{4}$/);
    assert.match(seenAt!, /^2021-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
});

test('there is a price for the day of every block', () => {
  const lines = readFileSync(join(OUT, 'prices.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(lines[0], 'date,USD,EUR');
  const prices = new Map(
    lines.slice(1).map((line) => [line.slice(0, 10), line.split(',').slice(1).map(Number)]),
  );
  for (const block of blocks.slice(1)) {
    const [usd, eur] = prices.get(new Date(block.timeSeconds * 1000).toISOString().slice(0, 10))!;
    assert.ok(usd! > 25_000 && usd! < 65_000 && eur! < usd! && eur! > usd! / 1.3);
  }
});

test('the documentation names every word that the truth uses', () => {
  const page = readFileSync(
    new URL('../../docs/methods/simulated-economy.md', import.meta.url),
    'utf8',
  );
  const words = new Set<string>();
  for (const row of rows) words.add(row.row);
  for (const actor of actors.values()) words.add(actor.kind);
  for (const row of addressRows) words.add(row.role);
  for (const row of payments) words.add(row.purpose);
  for (const row of mixes) words.add(row.protocol);
  const missing = [...words].filter((word) => !page.includes(`\`${word}\``));
  assert.deepEqual(missing, []);
});

test('unspent coins are there, and not only dust', () => {
  const total = [...unspent.values()].reduce((sum, output) => sum + output.sats, 0n);
  assert.ok(unspent.size > 1000 && total > 10_000n * 100_000_000n);
});

function digests(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry) => [entry.name, sha256Hex(readFileSync(join(entry.parentPath, entry.name)))]),
  );
}

test('the same seed gives the same bytes, another seed others', async () => {
  const make = async (name: string, seed: string): Promise<Record<string, string>> => {
    const outDir = join(ROOT, name);
    await simulate({ outDir, transactions: 1500, seed });
    return digests(outDir);
  };
  const once = await make('once', 'a');
  assert.deepEqual(Object.keys(once).sort(), [
    'blk00000.dat',
    'prices.csv',
    'seeds.csv',
    'tags.yaml',
    'truth.json',
  ]);
  assert.deepEqual(await make('twice', 'a'), once);
  const other = await make('other', 'b');
  for (const [name, digest] of Object.entries(once)) assert.notEqual(other[name], digest, name);
});

test('small numbers work too', async () => {
  for (const wanted of [1, 2, 50, 129, 130, 131, 300, 777]) {
    const outDir = join(ROOT, `small-${wanted}`);
    await simulate({ outDir, transactions: wanted, seed: SEED });
    const small = slow.readRecords(join(outDir, 'blocks'), REGTEST_MAGIC).map(slow.readBlock);
    assert.equal(
      small.reduce((sum, block) => sum + block.transactions.length, 0),
      wanted,
    );
    slow.replay(small);
  }
});

test('progress is told block by block', async () => {
  const heightsSeen: number[] = [];
  let last = 0;
  await simulate({
    outDir: join(ROOT, 'progress'),
    transactions: 400,
    seed: SEED,
    onProgress: ({ height, transactions: count, transactionsWanted }) => {
      heightsSeen.push(height);
      last = count;
      assert.equal(transactionsWanted, 400);
    },
  });
  assert.deepEqual(
    heightsSeen,
    Array.from({ length: heightsSeen.length }, (_, i) => i + 1),
  );
  assert.equal(last, 400);
});

/** What the call is refused with. */
async function refusal(options: SimulateOptions): Promise<string> {
  try {
    await simulate(options);
  } catch (error) {
    assert.ok(error instanceof ClewError, String(error));
    return error.code;
  }
  return 'none';
}

test('a folder that is not empty is refused, unless force is given; then only our files go', async () => {
  const outDir = join(ROOT, 'taken');
  mkdirSync(outDir);
  writeFileSync(join(outDir, 'letter.txt'), 'not ours');
  const options = { outDir, transactions: 10, seed: SEED };
  assert.equal(await refusal(options), 'CLEW_OUT_NOT_EMPTY');
  assert.deepEqual(readdirSync(outDir), ['letter.txt']);
  assert.equal(await refusal({ ...options, force: true }), 'none');
  assert.equal(await refusal({ ...options, force: true }), 'none');
  assert.ok(existsSync(join(outDir, 'letter.txt')));
});

test('numbers that are none are refused, and a stop is heard', async () => {
  for (const transactionsWanted of [0, -1, 1.5, Number.NaN, 50_000_001]) {
    const outDir = join(ROOT, 'never');
    assert.equal(
      await refusal({ outDir, transactions: transactionsWanted, seed: SEED }),
      'CLEW_USAGE',
    );
    assert.ok(!existsSync(outDir));
  }
  const signal = AbortSignal.abort();
  assert.equal(
    await refusal({ outDir: join(ROOT, 'stopped'), transactions: 500, seed: SEED, signal }),
    'CLEW_INTERRUPTED',
  );
});

test('a file where the folder should be is refused', async () => {
  const path = join(ROOT, 'a-file');
  writeFileSync(path, 'x');
  assert.equal(
    await refusal({ outDir: path, transactions: 10, seed: SEED }),
    'CLEW_FILE_UNREADABLE',
  );
});
