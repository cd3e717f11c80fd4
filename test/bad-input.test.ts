/**
 * Bad input from end to end: whatever a person may do wrong gets its own code and exit code, names what and where and says
 * what to do, and takes nothing away from what was indexed before.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { EXIT } from '../src/exit-codes.ts';
import { madeUpAddress, madeUpLegacyAddress, madeUpTxid } from './support/made-up-address.ts';
import { frame, frameAll, mineChain, REGTEST_GENESIS } from './support/mined-blocks.ts';
import { CLEW, type Run, runClew, startClew } from './support/run-clew.ts';
import { PROJECT } from './support/source-files.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('bad-input');
const data = join(folder, 'data');
const BLOCK_FILE = 'sim/blocks/blk00000.dat';
/** A seed address of the sample, and two that share a cluster with it or not. */
let seed = '';
let whole: Run['json'];

const clew = (...argv: string[]): Promise<Run> => runClew(folder, ...argv);

before(async () => {
  const made = await clew('simulate', '--out', 'sim', '--transactions', '400', '--seed', 'bad');
  assert.equal(made.exit, 0, made.stderr);
  const indexed = await clew('index', '--blocks', 'sim', '--data', data);
  assert.equal(indexed.exit, 0, indexed.stderr);
  whole = indexed.json.status;
  seed = readFileSync(join(folder, 'sim/seeds.csv'), 'utf8').split('\n')[1]!.split(',')[0]!;
});

/** That a run ended with this error, told in full. */
function assertError(run: Run, code: string, exit: number, names: RegExp): void {
  assert.equal(run.error?.code, code, run.stderr);
  assert.equal(run.exit, exit, code);
  const { message, facts, hint } = run.error!;
  assert.match(`${message} ${JSON.stringify(facts)}`, names, code);
  assert.ok(hint.length > 10, hint);
}

function assertWarning(run: Run, code: string, names: RegExp): void {
  const found = run.warnings.filter((warning) => warning.code === code);
  assert.ok(found.length > 0, `${code} is not among: ${run.stderr}`);
  const told = found.map(({ message, facts }) => `${message} ${JSON.stringify(facts)}`).join('\n');
  assert.match(told, names, code);
}

/** That the ledger that was there is there, and answers as before. */
async function assertKept(): Promise<void> {
  const { exit, json, stderr } = await clew('status', '--data', data, '--network', 'regtest');
  assert.equal(exit, 0, stderr);
  assert.deepEqual(json, whole);
}

/** A fresh folder with these files. */
function put(name: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, name, file), bytes);
  return name;
}

test('folders that are missing, empty or something else', async () => {
  const index = (blocks: string, into = data): Promise<Run> =>
    clew('index', '--blocks', blocks, '--data', into);
  assertError(await index('nowhere'), 'CLEW_FOLDER_MISSING', EXIT.notFound, /nowhere/);
  assertError(await index(put('empty', {})), 'CLEW_BLOCKS_NONE', EXIT.badInput, /empty/);
  const text = put('text', { 'blk00000.dat': 'no blocks here, only words '.repeat(20) });
  assertError(await index(text), 'CLEW_BLOCK_FILE_FORMAT', EXIT.badInput, /blk00000\.dat/);
  const packed = put('packed', {
    'blk00000.dat': gzipSync(readFileSync(join(folder, BLOCK_FILE))),
  });
  assertError(await index(packed), 'CLEW_BLOCK_FILE_FORMAT', EXIT.badInput, /gzip/);
  const away = await clew('status', '--data', join(folder, 'no-data'));
  assertError(away, 'CLEW_FOLDER_MISSING', EXIT.notFound, /no-data/);
  assert.ok(!existsSync(join(folder, 'no-data')), 'a question makes no folder');
  const mine = put('photos', { 'cat.jpg': 'x' });
  const foreign = await index('sim', join(folder, mine));
  assertError(foreign, 'CLEW_DATA_FOREIGN', EXIT.badInput, /photos/);
  assert.deepEqual(readdirSync(join(folder, mine)), ['cat.jpg']);
  await assertKept();
});

/** Main's block 0 differs from that of regtest in its time, target and nonce (Bitcoin Core chainparams.cpp). */
function mainGenesis(): Uint8Array {
  const bytes = Buffer.from(REGTEST_GENESIS.bytes);
  bytes.write('29ab5f49ffff001d1dac2b7c', 68, 'hex');
  return bytes;
}
const MAIN_MAGIC = 0xd9b4bef9;

test('blocks of another network', async () => {
  const wrong = await clew('index', '--blocks', 'sim', '--data', data, '--network', 'main');
  assertError(wrong, 'CLEW_NETWORK_MISMATCH', EXIT.badInput, /sim.*regtest|regtest.*sim/);
  const unknown = await clew('index', '--blocks', 'sim', '--data', data, '--network', 'regtst');
  assertError(unknown, 'CLEW_USAGE', EXIT.usage, /Did you mean regtest\?/);
  await assertKept();

  const regtest = readFileSync(join(folder, BLOCK_FILE));
  const mixed = put('mixed', {
    'blk00000.dat': Buffer.concat([frame(mainGenesis(), MAIN_MAGIC), regtest]),
  });
  const both = await clew('index', '--blocks', mixed, '--data', data);
  assertError(both, 'CLEW_NETWORK_AMBIGUOUS', EXIT.usage, /main.*regtest|regtest.*main/);
  const one = await clew('index', '--blocks', mixed, '--data', data, '--network', 'regtest');
  assert.equal(one.exit, 0, one.stderr);
  assertWarning(one, 'CLEW_BLOCK_OTHER_NETWORK', /main.*"offset":0/);
  await assertKept();

  const main = put('main', { 'blk00000.dat': frame(mainGenesis(), MAIN_MAGIC) });
  const beside = await clew('index', '--blocks', main, '--data', data);
  assert.equal(beside.exit, 0, beside.stderr);
  assert.equal(
    beside.json.status.tip.hash,
    '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  );
  // A real network goes before a test one when nothing is said.
  assert.equal((await clew('status', '--data', data)).json.network, 'main');
  assertError(
    await clew('status', '--data', data, '--network', 'signet'),
    'CLEW_LEDGER_EMPTY',
    EXIT.notFound,
    /signet/,
  );
  await assertKept();
  rmSync(join(data, 'main'), { recursive: true });
});

test('blocks that are cut, damaged or no blocks of a chain are named by their place, and the rest goes in', async () => {
  const chain = mineChain(6);
  const total = 7;
  const changed = (i: number, change: (bytes: Buffer) => void): Uint8Array => {
    const copies = chain.map(({ bytes }) => Buffer.from(bytes));
    change(copies[i]!);
    return Buffer.concat(copies.map((bytes) => frame(bytes)));
  };
  const offsetOf = (i: number): number => frameAll(chain.slice(0, i)).length;
  const last = chain.length - 1;
  const cases: [name: string, file: Uint8Array, code: string, lost: number, place: number][] = [
    ['cut', frameAll(chain).subarray(0, -40), 'CLEW_BLOCK_CUT', 1, offsetOf(last)],
    [
      'merkle',
      changed(last, (bytes) => {
        bytes[bytes.length - 10]! ^= 1;
      }),
      'CLEW_BLOCK_MERKLE',
      1,
      offsetOf(last),
    ],
    [
      // The count of transactions says one more than there are.
      'damaged',
      changed(last, (bytes) => {
        bytes[80] = 2;
      }),
      'CLEW_BLOCK_DAMAGED',
      1,
      offsetOf(last),
    ],
    [
      // Main's target in a header that was mined for regtest's.
      'work',
      changed(last, (bytes) => bytes.writeUInt32LE(0x1d00ffff, 72)),
      'CLEW_HEADER_WORK',
      1,
      offsetOf(last),
    ],
  ];
  for (const [name, file, code, lost, place] of cases) {
    const into = join(folder, `data-${name}`);
    put(`blocks-${name}`, { 'blk00000.dat': file });
    const run = await clew('index', '--blocks', `blocks-${name}`, '--data', into);
    assert.equal(run.exit, 0, run.stderr);
    assertWarning(run, code, new RegExp(`blocks-${name}/blk00000\\.dat.*"offset":${place}[,}]`));
    assert.equal(run.json.status.blocks, total - lost, name);
    // With a good copy the same ledger becomes whole.
    put('blocks-good', { 'blk00000.dat': frameAll(chain) });
    const good = await clew('index', '--blocks', 'blocks-good', '--data', into);
    assert.equal(good.json.status.tip.hash, chain[last]!.hash, name);
    assert.deepEqual(good.json.problems, [], name);
    // And the bad copy takes nothing away from it.
    const again = await clew('index', '--blocks', `blocks-${name}`, '--data', into);
    assert.deepEqual(again.json.status, good.json.status, name);
    rmSync(into, { recursive: true });
  }
});

test('files in which nothing is right are an error with the code of what is wrong', async () => {
  const [, block] = mineChain(1);
  const cut = put('all-cut', { 'blk00000.dat': frame(block!.bytes).subarray(0, -1) });
  const index = (blocks: string): Promise<Run> => clew('index', '--blocks', blocks, '--data', data);
  assertError(await index(cut), 'CLEW_BLOCK_CUT', EXIT.damaged, /all-cut.*"offset":0/);
  const alone = put('all-unlinked', {
    'blk00000.dat': frame(mineChain(2, { version: 1 })[2]!.bytes),
  });
  assertError(await index(alone), 'CLEW_BLOCK_UNLINKED', EXIT.badInput, /all-unlinked/);
  await assertKept();
});

test('an XOR key of the wrong size', async () => {
  for (const bytes of [7, 9, 0]) {
    const name = put(`xor-${bytes}`, { 'xor.dat': new Uint8Array(bytes) });
    copyFileSync(join(folder, BLOCK_FILE), join(folder, name, 'blk00000.dat'));
    const run = await clew('index', '--blocks', name, '--data', data);
    const names = new RegExp(`xor\\.dat.*${bytes}|${bytes}.*xor\\.dat`);
    assertError(run, 'CLEW_XOR_KEY_SIZE', EXIT.badInput, names);
  }
  await assertKept();
});

/** Every way to write an address wrongly, with what is to be said of it. */
function badAddresses(): [text: string, code: string][] {
  const bech = madeUpAddress('somebody', 'regtest');
  const base58 = madeUpLegacyAddress('somebody', 'regtest');
  const swap = (text: string, i: number, by: string): string =>
    text.slice(0, i) + by + text.slice(i + 1);
  const other = (character: string): string => (character === 'q' ? 'p' : 'q');
  return [
    [swap(bech, 20, other(bech[20]!)), 'CLEW_ADDRESS_CHECKSUM'],
    [swap(base58, 20, base58[20] === 'x' ? 'y' : 'x'), 'CLEW_ADDRESS_CHECKSUM'],
    [bech.slice(0, -1), 'CLEW_ADDRESS_CHECKSUM'],
    [madeUpAddress('somebody', 'main'), 'CLEW_ADDRESS_NETWORK'],
    [madeUpLegacyAddress('somebody', 'main'), 'CLEW_ADDRESS_NETWORK'],
    [madeUpAddress('somebody', 'litecoin'), 'CLEW_ADDRESS_NETWORK'],
    [bech.slice(0, -1) + bech.at(-1)!.toUpperCase().replace(/\d/, 'Q'), 'CLEW_ADDRESS_MIXED_CASE'],
    // A Cyrillic letter, a zero for an o, an l for a 1, and the letters that bech32 leaves out.
    [swap(base58, 8, '\u0430'), 'CLEW_ADDRESS_LOOKALIKE'],
    [swap(base58, 8, '0'), 'CLEW_ADDRESS_LOOKALIKE'],
    [swap(base58, 8, 'l'), 'CLEW_ADDRESS_LOOKALIKE'],
    [swap(bech, 10, 'b'), 'CLEW_ADDRESS_LOOKALIKE'],
    // BIP 350: version 1 written in bech32.
    [
      'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx',
      'CLEW_ADDRESS_VERSION',
    ],
    ['hello', 'CLEW_ADDRESS_FORMAT'],
    [`${bech} ${base58}`, 'CLEW_ADDRESS_FORMAT'],
  ];
}

test('an address that is none says what is wrong with it', async () => {
  for (const [text, code] of badAddresses()) {
    const run = await clew('address', text, '--data', data);
    assert.equal(run.error?.code, code, text);
    assert.equal(run.exit, EXIT.badInput, text);
  }
  const why = await clew('why', seed, 'hello', '--data', data);
  assertError(why, 'CLEW_ADDRESS_FORMAT', EXIT.badInput, /"argument":2/);
});

test('seeds that are none are told on stderr and listed in the report, each with its line', async () => {
  const bad = badAddresses();
  const rows = bad.map(([text]) => `${text},x`);
  writeFileSync(join(folder, 'some-bad.csv'), ['address,note', `${seed},good`, ...rows].join('\n'));
  const run = await clew('investigate', 'some-bad.csv', '--out', 'report-bad', '--data', data);
  assert.equal(run.exit, 0, run.stderr);
  const { seedFile, seeds } = JSON.parse(
    readFileSync(join(folder, 'report-bad/report.json'), 'utf8'),
  );
  assert.equal(seeds.length, 1);
  const listed = [...seedFile.rejected, ...seedFile.otherChains];
  assert.equal(listed.length, bad.length);
  for (const [i, [text, code]] of bad.entries()) {
    const line = i + 3;
    const found = listed.find((each) => each.line === line);
    assert.equal(found?.code ?? 'CLEW_ADDRESS_NETWORK', code, `line ${line}: ${text}`);
    const told = run.warnings.find(({ facts }) => facts['line'] === line);
    assert.ok(told, `line ${line} is told`);
  }
  const csv = readFileSync(join(folder, 'report-bad/seeds.csv'), 'utf8');
  for (const code of new Set(bad.map(([, each]) => each))) {
    if (code !== 'CLEW_ADDRESS_NETWORK') assert.ok(csv.includes(code), code);
  }
});

test('seed files that are no seed files', async () => {
  const text = `address\n${seed}\n`;
  const cases: [name: string, bytes: Uint8Array | string, code: string][] = [
    ['no-header', `${seed},x\n`, 'CLEW_SEEDS_HEADER'],
    ['empty', '', 'CLEW_SEEDS_HEADER'],
    ['only-header', 'address,note\n\n', 'CLEW_SEEDS_EMPTY'],
    ['only-bad', 'address\nhello\nworld\n', 'CLEW_SEEDS_EMPTY'],
    ['utf-16', Buffer.from(text, 'utf16le'), 'CLEW_SEEDS_FORMAT'],
    ['zero-bytes', `address\n${seed}\0\n`, 'CLEW_SEEDS_FORMAT'],
    ['latin-1', Buffer.from(`address,note\n${seed},caf\xe9\n`, 'latin1'), 'CLEW_SEEDS_FORMAT'],
    ['open-quote', `address,note\n${seed},"open\n`, 'CLEW_SEEDS_FORMAT'],
    ['packed', gzipSync(text), 'CLEW_SEEDS_FORMAT'],
  ];
  for (const [name, bytes, code] of cases) {
    writeFileSync(join(folder, `${name}.csv`), bytes);
    const run = await clew('investigate', `${name}.csv`, '--out', 'none', '--data', data);
    assert.equal(run.error?.code, code, name);
    assert.equal(run.exit, EXIT.badInput, name);
  }
  assert.ok(!existsSync(join(folder, 'none')), 'no report, no folder');
  const bad = await clew('trace', '--seeds', 'only-bad.csv', '--data', data);
  assert.deepEqual(
    bad.warnings.map(({ code, facts }) => [code, facts['line']]),
    [
      ['CLEW_ADDRESS_FORMAT', 2],
      ['CLEW_ADDRESS_FORMAT', 3],
    ],
  );
  // UTF-16 that says so is what spreadsheets write as "Unicode text": it is read.
  writeFileSync(join(folder, 'marked.csv'), Buffer.from(`\ufeff${text}`, 'utf16le'));
  const read = await clew('investigate', 'marked.csv', '--out', 'marked', '--data', data);
  assert.equal(read.exit, 0, read.stderr);
  const missing = await clew('investigate', 'nowhere.csv', '--out', 'none', '--data', data);
  assertError(missing, 'CLEW_FILE_MISSING', EXIT.notFound, /nowhere\.csv/);
});

test('a report never takes the place of something else', async () => {
  const argv = ['investigate', 'mine/seeds.csv', '--data', data];
  const own = `address\n${seed}\n`;
  put('mine', { 'seeds.csv': own });
  const over = await clew(...argv, '--out', 'mine');
  assertError(over, 'CLEW_OUT_NOT_EMPTY', EXIT.usage, /mine/);
  // Not even by force over what it is made from: a report has a seeds.csv too.
  const forced = await clew(...argv, '--out', 'mine', '--force');
  assertError(forced, 'CLEW_OUT_NOT_EMPTY', EXIT.usage, /seeds\.csv/);
  assert.equal(readFileSync(join(folder, 'mine/seeds.csv'), 'utf8'), own);
  assert.deepEqual(readdirSync(join(folder, 'mine')), ['seeds.csv']);
});

const PACK = `title: A pack
creator: somebody
confidence: forensic
currency: BTC
source: a test
tags:
  - {address: "${madeUpAddress('exchange', 'regtest')}", label: one, category: exchange}
`;

test('tag files: a bomb, an unknown category, no YAML', async () => {
  const bomb = `title: x\ncreator: y\na: &a [l,l,l,l,l,l,l,l,l]\n${'bcdefghi'
    .split('')
    .map((name, i) => {
      const before = 'abcdefghi'[i];
      return `${name}: &${name} [${`*${before},`.repeat(9)}]\n`;
    })
    .join('')}tags: *i\n`;
  put('tags', {
    'bomb.yaml': bomb,
    'large.yaml.gz': gzipSync(Buffer.alloc(80_000_000)),
    'broken.yaml': 'title: [open\n',
    'kind.yaml': PACK.replace('category: exchange', 'category: exchnge'),
    'good.yaml': PACK,
  });
  const take = (...files: string[]): Promise<Run> =>
    clew('tags', 'import', ...files.map((file) => `tags/${file}`), '--data', data);
  assertError(await take('bomb.yaml'), 'CLEW_TAGS_BOMB', EXIT.badInput, /bomb\.yaml/);
  assertError(await take('large.yaml.gz'), 'CLEW_TAGS_BOMB', EXIT.badInput, /large\.yaml\.gz/);
  assertError(await take('broken.yaml'), 'CLEW_TAGS_YAML', EXIT.badInput, /broken\.yaml.*line/);
  assertError(await take('no.yaml'), 'CLEW_FILE_MISSING', EXIT.notFound, /no\.yaml/);
  const kind = await take('kind.yaml');
  assertWarning(kind, 'CLEW_TAG_CATEGORY', /kind\.yaml.*line 7.*exchnge/);
  // The good one among them goes in, once.
  const all = await clew('tags', 'import', 'tags', '--data', data);
  assert.equal(all.exit, 0, all.stderr);
  assert.equal(all.json.counts.active, 1);
  assertWarning(all, 'CLEW_TAGS_BOMB', /bomb\.yaml/);
  await assertKept();
});

/** Holds the data folder as an indexing process would, until it is killed. */
const HOLDER = `
const { takeDataLock } = await import(${JSON.stringify(join(PROJECT, 'src/cli/data-lock.ts'))});
const { systemClock } = await import(${JSON.stringify(join(PROJECT, 'src/clock.ts'))});
await takeDataLock(${JSON.stringify(data)}, { command: 'index', access: 'write' }, systemClock);
process.stdout.write('held');
setInterval(() => {}, 1000);
`;

test('a data folder in use by another process, and one whose process died', async (t) => {
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER]);
  t.after(() => holder.kill('SIGKILL'));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  for (const argv of [['status'], ['index', '--blocks', 'sim'], ['serve']]) {
    const busy = await clew(...argv, '--data', data);
    assertError(busy, 'CLEW_DATA_BUSY', EXIT.busy, new RegExp(`clew index.*${holder.pid}`));
  }
  const gone = new Promise((resolve) => holder.once('exit', resolve));
  holder.kill('SIGKILL');
  await gone;
  assert.ok(existsSync(join(data, 'lock')), 'it left its lock behind');
  await assertKept();
  assert.ok(!existsSync(join(data, 'lock')));
});

test('a data folder of a newer version is left alone', async () => {
  const newer = put('newer', { 'clew.json': '{"format":"clew-data/2"}', 'store.sqlite': 'x' });
  for (const argv of [['status'], ['index', '--blocks', 'sim'], ['tags', 'import', 'tags']]) {
    const run = await clew(...argv, '--data', newer);
    assertError(run, 'CLEW_DATA_NEWER', EXIT.version, /newer.*format 2|"format":2/);
  }
  assert.deepEqual(readdirSync(join(folder, newer)).sort(), ['clew.json', 'store.sqlite']);
});

test('questions about what is not there', async () => {
  const ask = (...argv: string[]): Promise<Run> => clew(...argv, '--data', data);
  const beyond = String(whole.tip.height + 1);
  for (const argv of [
    ['address', seed],
    ['cluster', seed],
    ['why', seed, seed],
    ['trace', seed],
    ['tx', madeUpTxid('nothing')],
    ['investigate', 'sim/seeds.csv', '--out', 'none'],
  ]) {
    const run = await ask(...argv, '--as-of', beyond);
    assertError(run, 'CLEW_AS_OF', EXIT.badInput, new RegExp(`0 to ${whole.tip.height}`));
  }
  const early = await ask('address', seed, '--as-of', '1');
  assertError(early, 'CLEW_ADDRESS_NOT_FOUND', EXIT.notFound, /only later/);
  const nobody = madeUpAddress('nobody', 'regtest');
  assertError(await ask('cluster', nobody), 'CLEW_ADDRESS_NOT_FOUND', EXIT.notFound, /never/);
  const txid = madeUpTxid('nothing');
  assertError(await ask('tx', txid), 'CLEW_TX_NOT_FOUND', EXIT.notFound, new RegExp(txid));
  assertError(await ask('tx', 'abc'), 'CLEW_TXID_FORMAT', EXIT.badInput, /transaction id/);
  const [coinbase] = JSON.parse((await ask('address', seed)).stdout).history as [{ txid: string }];
  const vout = await ask('trace', `${coinbase.txid}:999`);
  assertError(vout, 'CLEW_OUTPUT_NOT_FOUND', EXIT.notFound, /999/);
  const stranger = taggedAddress();
  const why = await ask('why', seed, stranger);
  assertError(why, 'CLEW_NOT_LINKED', EXIT.notFound, /clusterFrom.*clusterTo/);
  const cursor = await ask('address', seed, '--cursor', 'x');
  assertError(cursor, 'CLEW_USAGE', EXIT.usage, /cursor/);
});

/** An address of a service of the sample, which the vendor is none of. */
function taggedAddress(): string {
  const tags = readFileSync(join(folder, 'sim/tags.yaml'), 'utf8');
  return /^\s*(?:- )?address: "?([a-zA-Z0-9]+)/m.exec(tags)![1]!;
}

test('the real program: commands and options that are none, with what was meant', () => {
  const command = startClew(folder, 'investgate', 'x.csv');
  assertError(command, 'CLEW_UNKNOWN_COMMAND', EXIT.usage, /Did you mean investigate\?/);
  const option = startClew(folder, 'status', '--dta', data);
  assertError(option, 'CLEW_USAGE', EXIT.usage, /--dta.*--data/);
  const kept = startClew(folder, 'status', '--data', data);
  assert.deepEqual(kept.json, whole);
});

test('the real program: a reader that has seen enough ends it quietly', () => {
  const service = taggedAddress();
  const pipe = `"$CLEW" address ${service} --data "$DATA" --limit 1000 --json | head -n 1`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', pipe], {
    encoding: 'utf8',
    env: { ...process.env, CLEW, DATA: data },
  });
  assert.deepEqual([status, stdout, stderr], [0, '{\n', '']);
});

test('the real program: Ctrl-C while indexing leaves a whole ledger, and the same command goes on', async () => {
  const made = await clew('simulate', '--out', 'long', '--transactions', '6000', '--seed', 'stop');
  const into = join(folder, 'stopped');
  const argv = ['index', '--blocks', 'long', '--data', into];
  const stopped = spawn(CLEW, [...argv, '--progress', '--json'], { cwd: folder });
  let stderr = '';
  stopped.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (/Indexing.*tx/.test(stderr) && !stopped.killed) stopped.kill('SIGINT');
  });
  const exit = await new Promise((resolve) => stopped.once('exit', resolve));
  assert.equal(exit, EXIT.interrupted, stderr);
  assert.match(stderr, /"code":"CLEW_INTERRUPTED".*Run the same command again/);
  assert.ok(!existsSync(join(into, 'lock')));

  const between = await clew('status', '--data', into);
  if (between.error === undefined) {
    assert.ok(between.json.tip.height < made.json.tip.height, 'it was stopped before the end');
    assert.equal(between.json.unknownInputs, 0);
  } else assert.equal(between.error.code, 'CLEW_LEDGER_EMPTY');
  const { json, exit: done, stderr: said } = await clew(...argv);
  assert.equal(done, 0, said);
  const { status } = json;
  assert.deepEqual([status.tip.hash, status.transactions], [made.json.tip.hash, 6_000]);
  const fresh = await clew('index', '--blocks', 'long', '--data', join(folder, 'fresh'));
  assert.deepEqual(status, fresh.json.status);
});

test('after all of it, the ledger is what it was', assertKept);
