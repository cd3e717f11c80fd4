/**
 * The coins besides Bitcoin, end to end: a scenario chain each, indexed through the command line into ONE data folder, asked
 * about, followed, clustered, checked, reorganised; and real blocks where there are some.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { bytesToHex, hashToDisplay } from '../src/bytes/hex.ts';
import { scriptToAddress } from '../src/chain/address.ts';
import { BlockColumns, blockBodyOffset, readBlockColumns } from '../src/chain/block-columns.hot.ts';
import { NETWORKS } from '../src/chain/network.ts';
import { SCRIPT_KIND } from '../src/chain/script-kind.ts';
import { parseBlock, serializeTransaction, specialType } from '../src/chain/transaction.ts';
import { COMMAND_GROUPS } from '../src/cli/command-list.ts';
import { openLocally } from '../src/cli/local-host.ts';
import { type Host, runCommandLine } from '../src/cli/run-command-line.ts';
import { systemClock } from '../src/clock.ts';
import { openChdb } from '../src/ledger/engine.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { FlowReader } from '../src/ledger/read/flow-reader.ts';
import { SqlReader } from '../src/ledger/read/sql-reader.ts';
import { findTransactions } from '../src/ledger/transaction-facts.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { OpenNetwork } from '../src/pipeline/open-network.ts';
import { BlockFiles } from '../src/simulate/block-files.ts';
import {
  COIN_SCENARIOS,
  type CoinScenario,
  coinScenario,
  writeCoinScenario,
} from '../src/simulate/coin-scenario.ts';
import { DOGECOIN_COINS_MAX, dogecoinWhale } from '../src/simulate/scenarios/dogecoin-auxpow.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import type { BlockHash, ScriptHex } from '../src/units/ids.ts';
import { NONE } from '../src/units/ids.ts';
import { fillEngine } from './support/reader-worlds.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('coins');
const data = join(folder, 'data');
const chains = new Map<string, CoinScenario>(
  COIN_SCENARIOS.map((name) => [name, coinScenario(name)]),
);

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...argv: string[]): Promise<Run> {
  const held = { stdout: '', stderr: '' };
  const host: Host = {
    stdout: {
      write: (text) => {
        held.stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        held.stderr += text;
      },
    },
    terminal: { stdoutIsTerminal: false, stderrIsTerminal: false, columns: 80 },
    clock: systemClock,
    signal: new AbortController().signal,
    workingFolder: folder,
    debug: true,
    commands: COMMAND_GROUPS,
    openData: (path, wanted) => openLocally(host, path, wanted),
  };
  return { code: await runCommandLine([...argv, '--data', data], host), ...held };
}

// biome-ignore lint/suspicious/noExplicitAny: answers of commands, looked into here and there
async function ask(...argv: string[]): Promise<any> {
  const { code, stdout, stderr } = await run(...argv, '--json');
  assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

function scenario(chain: string, name: string) {
  const found = chains.get(chain)?.scenarios[name];
  assert.ok(found, `${chain} ${name}`);
  return found;
}

const networkOf = (chain: string): string => chains.get(chain)!.network.name;
const on = (chain: string): string[] => ['--network', networkOf(chain)];

before(async () => {
  for (const name of COIN_SCENARIOS) {
    // First what a node has before a reorganisation, then all of it.
    writeCoinScenario(join(folder, name, 'before'), name, 'stale');
    writeCoinScenario(join(folder, name, 'after'), name);
  }
});

test('each chain is indexed, reorganised and found sound, side by side in one folder', async () => {
  for (const [name, chain] of chains) {
    const blocks = (which: string): string[] => ['--blocks', join(folder, name, which)];
    const stale = await ask('index', ...blocks('before'), ...on(name));
    assert.equal(stale.status.tip.hash, chain.staleBlocks[0]!.hash, name);
    const { status } = await ask('index', ...blocks('after'), ...on(name));
    assert.equal(status.tip.hash, chain.blocks.at(-1)!.hash, name);
    const check = await ask('check', ...on(name));
    assert.ok(check.isSound, name);
    assert.ok(check.isWhole, name);
  }
});

test('blocks whose magic another network has too are not taken for its blocks', async () => {
  for (const name of ['litecoin-mweb', 'dogecoin-auxpow']) {
    const refused = await run('index', '--blocks', join(folder, name, 'after'), '--json');
    const { error } = JSON.parse(refused.stdout || refused.stderr);
    assert.equal(error.code, 'CLEW_NETWORK_AMBIGUOUS');
    assert.equal(error.facts.network, networkOf(name));
  }
});

test('single blocks in files of their own are read for the network that was asked for', async () => {
  for (const [name, { blocks, network }] of chains) {
    const where = join(folder, 'bare', name);
    mkdirSync(where, { recursive: true });
    for (const { bytes, height } of blocks) writeFileSync(join(where, `${height}.raw`), bytes);
    const source = await openBlockSource(where, { network: network.name });
    assert.deepEqual(
      source.blocks.map(({ hash }) => hash),
      blocks.map(({ hash }) => hash),
      name,
    );
    source.close();
  }
});

test('every transaction of every block is found under its id, with its place, inputs and outputs', async () => {
  for (const [name, { blocks, network }] of chains) {
    const noStore = (): Promise<never> => Promise.reject(new Error('no workspace is needed'));
    const places = { networkFolder: join(data, network.name), store: noStore };
    const open = await OpenNetwork.open(places, network);
    const flow = await open.flow();
    for (const [row, block] of blocks.entries()) {
      const { transactions } = parseBlock(block.bytes, network);
      const ids = flow.blockTxids(row);
      assert.equal(ids.length, 32 * transactions.length);
      for (const [position, tx] of transactions.entries()) {
        assert.equal(hashToDisplay(ids.subarray(32 * position, 32 * position + 32)), tx.txid);
        const answer = await open.transaction(tx.txid);
        assert.equal(answer.height, block.height);
        assert.equal(answer.position, position, `${name} ${tx.txid}`);
        assert.equal(flow.txid(flow.txAt(row, position)), tx.txid);
        assert.equal(answer.sizeBytes, tx.size);
        assert.deepEqual(
          answer.outputs.map(({ valueSats }) => valueSats),
          tx.outputs.map(({ valueSats }) => valueSats),
        );
        assert.equal(answer.inputs.length, tx.inputs.length);
        for (const [i, input] of tx.inputs.entries()) {
          if (!tx.isCoinbase) assert.equal(answer.inputs[i]!.prevTxid, input.prevTxid);
        }
        // Rows stand in spending order, whatever the positions are.
        for (const { spentBy } of answer.outputs) {
          if (spentBy === undefined) continue;
          const [spender] = findTransactions(flow, spentBy.txid);
          assert.ok(spender! > findTransactions(flow, tx.txid)[0]!);
        }
      }
      assert.equal(flow.txAt(row, transactions.length), NONE);
    }
    await open.close();
  }
});

test('tables and flow index answer the same: transactions, histories, spenders, order of blocks', async () => {
  for (const [name, { blocks, network }] of chains) {
    const source = await openBlockSource(join(folder, name, 'after'), { network: network.name });
    // Rows of chDB with all columns, as servers have them.
    const engine = await openChdb(join(folder, 'wide', network.name), true);
    const filler = await fillEngine({ name, source, slow: undefined as never, seed: name }, engine);
    const flow = new FlowReader(filler.asFlowLedger());
    const sql = new SqlReader(engine, network);
    const parsed = blocks.map(({ bytes }) => parseBlock(bytes, network).transactions);
    const txids = parsed.flat().map(({ txid }) => txid);
    const hashes = blocks.map(({ hash }) => hash as BlockHash);
    const found = await sql.blockTxids(hashes);
    assert.deepEqual(found, await flow.blockTxids(hashes));
    assert.deepEqual(
      found,
      parsed.map((transactions) => transactions.map(({ txid }) => txid)),
    );
    assert.deepEqual(await sql.transactions(txids), await flow.transactions(txids));
    const scripts = [
      ...new Set(
        parsed
          .flat()
          .flatMap((tx) => tx.outputs.map(({ script }) => bytesToHex(script) as ScriptHex)),
      ),
    ].filter((script) => !script.startsWith('6a'));
    const questions = scripts.map((script) => ({ script, limit: 3 }));
    assert.deepEqual(await sql.histories(questions), await flow.histories(questions));
    assert.deepEqual(await sql.summaries(scripts), await flow.summaries(scripts));
    await engine.close();
  }
});

test('columns and objects read the blocks of all coins alike, and the objects write them back', () => {
  for (const { blocks, network } of chains.values()) {
    const columns = new BlockColumns();
    for (const { bytes } of blocks) {
      readBlockColumns(bytes, network, columns);
      const { transactions } = parseBlock(bytes, network);
      assert.equal(columns.txCount, transactions.length);
      for (const [i, tx] of transactions.entries()) {
        assert.equal(hashToDisplay(columns.txids.subarray(32 * i, 32 * i + 32)), tx.txid);
        assert.equal(columns.txLength[i], tx.size);
        assert.equal(columns.txStrippedLength[i], tx.strippedSize);
        assert.equal(columns.txIsHogEx[i] === 1, tx.isHogEx);
        const at = columns.txOffset[i]!;
        const raw = Buffer.from(bytes.subarray(at, at + tx.size));
        assert.ok(raw.equals(serializeTransaction(tx, { witness: true })), tx.txid);
      }
    }
  }
});

test('Litecoin: money that goes into the extension block is followed no further, either way', async () => {
  const chain = 'litecoin-mweb';
  const [shopIn, , hogEx] = scenario(chain, 'pegIn').txids;
  const forward = await ask('trace', `${shopIn}:0`, ...on(chain));
  assert.deepEqual(
    forward.stops.map(({ reason }: { reason: string }) => reason),
    ['side_ledger'],
  );
  const [pegOut] = scenario(chain, 'pegOut').txids;
  const back = await ask('trace', `${pegOut}:1`, '--direction', 'backward', ...on(chain));
  assert.deepEqual(
    back.stops.map(({ reason }: { reason: string }) => reason),
    ['side_ledger'],
  );
  // Two strangers whose coins went in by one transaction are not one owner.
  const { inputs } = await ask('tx', hogEx!, ...on(chain));
  const [first, second] = inputs.map(({ address }: { address: string }) => address);
  assert.notEqual(first, second);
  const cluster = await ask('cluster', first, ...on(chain));
  assert.ok(!cluster.members.includes(second));
  const parted = await run('why', first, second, ...on(chain));
  assert.notEqual(parted.code, 0);
});

test('Litecoin: who paid out of the extension block is not known, and the report says so', async () => {
  const chain = 'litecoin-mweb';
  const [till] = scenario(chain, 'pegOut').addresses;
  writeFileSync(join(folder, 'till.csv'), `address,source\n${till},a made-up list\n`);
  const out = join(folder, 'till-report');
  await ask('investigate', join(folder, 'till.csv'), '--out', out, ...on(chain));
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
  assert.deepEqual(
    report.payers.map(({ kind, addresses }: { kind: string; addresses: number }) => [
      kind,
      addresses,
    ]),
    [['unknown', 0]],
  );
  assert.match(report.unresolved[0].what, /ledger beside the chain/);
});

test('Litecoin: a P2SH address of before 2017 is the same as that of today', async () => {
  const chain = 'litecoin-mweb';
  const { blocks, network } = chains.get(chain)!;
  const outputs = blocks.flatMap(({ bytes }) =>
    parseBlock(bytes, network).transactions.flatMap((tx) => tx.outputs),
  );
  const { script } = outputs.find((output) => output.kind === SCRIPT_KIND.p2sh)!;
  const today = scriptToAddress(script, network)!;
  // Then it was written with the version byte of Bitcoin.
  const before = scriptToAddress(script, { ...network, p2shVersions: [network.p2shVersions[1]!] })!;
  assert.notEqual(before, today);
  const answer = await ask('address', before, ...on(chain));
  assert.equal(answer.address, today);
  assert.equal(answer.received, String(2 * 100_000_000));
});

test('Dogecoin: payers and cash-out are found across merged-mined blocks', async () => {
  const chain = 'dogecoin-auxpow';
  const { txids, addresses } = scenario(chain, 'payments');
  const [site] = addresses;
  const answer = await ask('address', site!, ...on(chain));
  assert.equal(answer.received, String(3 * 1234 * 100_000_000 + answerChange(chain, site!)));
  const trace = await ask('trace', `${txids[0]}:0`, ...on(chain));
  assert.ok(trace.leaves.length > 0);
});

/** What a name got back as change of its own payments. */
function answerChange(chain: string, address: string): number {
  const { blocks, network } = chains.get(chain)!;
  const cashOut = scenario(chain, 'cashOut').txids[1];
  let sats = 0;
  for (const { bytes } of blocks) {
    for (const tx of parseBlock(bytes, network).transactions) {
      if (tx.txid !== cashOut) continue;
      sats += tx.outputs[1]?.valueSats ?? 0;
    }
  }
  assert.ok(address.length > 0);
  return sats;
}

test('Dogecoin: the largest exact amount is kept to the unit; a larger one ends the work by its own code', async () => {
  const network = NETWORKS['dogecoin-regtest'];
  for (const coins of [DOGECOIN_COINS_MAX, DOGECOIN_COINS_MAX + 1]) {
    const whale = dogecoinWhale(coins);
    const blocks = join(folder, `whale-${coins}`);
    const files = new BlockFiles(blocks, network.magic);
    for (const { bytes } of whale.blocks) files.append(bytes);
    files.close();
    const ledger = await Ledger.open(join(folder, `whale-ledger-${coins}`), network);
    const source = await openBlockSource(blocks, { network: network.name });
    if (coins === DOGECOIN_COINS_MAX) {
      await indexBlocks(ledger, source);
      assert.equal((await ledger.openFlow()).outputValue.at(1), coins * 100_000_000);
    } else {
      await assert.rejects(indexBlocks(ledger, source), { code: 'CLEW_LEDGER_LIMIT' });
      assert.equal(ledger.tip?.height, 0, 'what was before is committed');
      const { bytes } = whale.blocks[1]!;
      assert.throws(() => parseBlock(bytes, network), { code: 'CLEW_BLOCK_DAMAGED' });
    }
    await ledger.close();
  }
});

test('Dogecoin: a block whose merged-mining proof is damaged is left out and named', async () => {
  const { blocks, network } = chains.get('dogecoin-auxpow')!;
  const where = join(folder, 'damaged-proof');
  const files = new BlockFiles(where, network.magic);
  for (const { bytes, height } of blocks) {
    const copy = Uint8Array.from(bytes);
    // A byte of the header of the parent.
    if (height === 6) copy[blockBodyOffset(copy, network) - 40]! ^= 1;
    files.append(copy);
  }
  files.close();
  const ledger = await Ledger.open(join(folder, 'damaged-proof-ledger'), network);
  const source = await openBlockSource(where, { network: network.name });
  const { problems } = await indexBlocks(ledger, source);
  assert.deepEqual(
    problems.map(({ code, facts }) => [code, facts['height']]),
    [['CLEW_BLOCK_DAMAGED', 6]],
  );
  assert.equal(ledger.tip?.height, blocks.at(-1)!.height);
  await ledger.close();
});

test('Dash: transactions with a type, without inputs or outputs; what comes out of the pool has no origin', async () => {
  const chain = 'dash-special';
  const { blocks, network } = chains.get(chain)!;
  const types = new Set(
    blocks.flatMap(({ bytes }) =>
      parseBlock(bytes, network).transactions.map(({ version }) => specialType(version)),
    ),
  );
  assert.deepEqual([...types].sort(), [0, 1, 5, 6, 8, 9]);
  const [plain] = scenario(chain, 'commitment').txids;
  const empty = await ask('tx', plain!, ...on(chain));
  assert.deepEqual([empty.inputs.length, empty.outputs.length], [0, 0]);
  const [, unlock, spent] = scenario(chain, 'creditPool').txids;
  const back = await ask('trace', `${spent}:0`, '--direction', 'backward', ...on(chain));
  assert.deepEqual(
    back.stops.map(({ reason }: { reason: string }) => reason),
    ['side_ledger'],
  );
  const out = await ask('tx', unlock!, ...on(chain));
  assert.equal(out.feeSats, null);
});

test('Bitcoin Cash: coins are followed through a block in which children stand before their parents', async () => {
  const chain = 'bitcoincash-order';
  const { txids, addresses } = scenario(chain, 'hops');
  const { blocks, network } = chains.get(chain)!;
  const block = blocks.find(({ bytes }) =>
    parseBlock(bytes, network).transactions.some(({ txid }) => txid === txids[0]),
  )!;
  const order = parseBlock(block.bytes, network).transactions.map(({ txid }) => txid as string);
  const places = txids.map((txid) => order.indexOf(txid));
  assert.ok(
    places.some((place, i) => i > 0 && place < places[i - 1]!),
    'some child stands before its parent',
  );
  const trace = await ask('trace', `${txids[0]}:0`, ...on(chain), '--depth', '20');
  const hops = Math.max(...trace.leaves.map((leaf: { hops: number }) => leaf.hops));
  assert.ok(hops >= txids.length - 1, `${hops}`);
  // Each holder was paid once and paid once, in one block; pages of one row give the same as one page.
  const [, holder] = addresses;
  const whole = await ask('address', holder!, ...on(chain));
  assert.equal(whole.history.length, 2);
  const first = await ask('address', holder!, ...on(chain), '--limit', '1');
  const second = await ask(
    'address',
    holder!,
    ...on(chain),
    '--limit',
    '1',
    '--cursor',
    first.nextCursor,
  );
  assert.deepEqual([...first.history, ...second.history], whole.history);
});

test('Bitcoin Cash: outputs with tokens belong to their address, however it is written', async () => {
  const chain = 'bitcoincash-order';
  const [holder] = scenario(chain, 'tokens').addresses;
  assert.ok(holder!.startsWith('bchreg:q'));
  for (const text of [holder!, holder!.slice('bchreg:'.length), holder!.toUpperCase()]) {
    const answer = await ask('address', text, ...on(chain));
    assert.equal(answer.address, holder);
    assert.equal(answer.received, String(1000 + 2000 + 5 * 100_000_000));
  }
});

test('nobody says which network: the address tells, or it is asked', async () => {
  const [bch] = scenario('bitcoincash-order', 'tokens').addresses;
  assert.equal((await ask('address', bch!)).network, 'bitcoincash-regtest');
  const [dash] = scenario('dash-special', 'payment').addresses;
  assert.equal((await ask('address', dash!)).network, 'dash-regtest');
  // A transaction is in one ledger.
  const [paid] = scenario('litecoin-mweb', 'payment').txids;
  assert.equal((await ask('tx', paid!)).network, 'litecoin-regtest');
  // Base58 with version 111 is valid on Litecoin's, Dogecoin's and Bitcoin Cash's test networks.
  const [shop] = scenario('litecoin-mweb', 'payment').addresses;
  const refused = await run('address', shop!, '--json');
  assert.equal(refused.code, 2);
  const { error } = JSON.parse(refused.stdout || refused.stderr);
  assert.equal(error.code, 'CLEW_ADDRESS_AMBIGUOUS');
  assert.equal(error.facts.networks, 'litecoin-regtest dogecoin-regtest bitcoincash-regtest');
  assert.equal(error.facts.appearsOn, 'litecoin-regtest');
  assert.equal(
    (await ask('address', shop!, '--network', 'litecoin-regtest')).network,
    'litecoin-regtest',
  );
});
