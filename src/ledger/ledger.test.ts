import assert from 'node:assert/strict';
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { flowColumns } from '../../test/support/flow-columns.ts';
import { mineChain } from '../../test/support/mined-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { getNetwork } from '../chain/network.ts';
import type { ClewError } from '../errors.ts';
import { BlockLoader } from './block-loader.hot.ts';
import { COLUMN_HEADER_BYTES } from './column-file.ts';
import { countFlow } from './counters.ts';
import { Ledger, type LedgerOptions } from './ledger.ts';
import { StringValues, U64Values } from './native-block.ts';
import { TIPS_TABLE } from './schema.ts';
import type { TipRecord } from './tip-record.ts';

const folder = temporaryFolder('ledger');
const regtest = getNetwork('regtest');
const ledgerFolder = join(folder, 'regtest');
const BLOCKS = mineChain(40);
let columns: ReturnType<typeof flowColumns>;

async function withLedger(work: (ledger: Ledger) => Promise<void>, options: LedgerOptions = {}) {
  const ledger = await Ledger.open(ledgerFolder, regtest, options);
  try {
    await work(ledger);
  } finally {
    await ledger.close();
  }
}

before(async () => {
  await withLedger(async (ledger) => {
    ledger.beginWriting();
    const flow = await ledger.openFlowForWriting();
    const loader = new BlockLoader(flow, ledger.counters);
    loader.rows.files.file_id.push(0);
    loader.rows.files.path.pushText('/nowhere/blk00000.dat');
    for (const { bytes, height, hash } of BLOCKS) {
      loader.addBlock(bytes, { height, hash, fileId: 0, fileOffset: 8 });
    }
    const { height, hash } = BLOCKS.at(-1)!;
    await ledger.commit(loader.rows, flow, loader.counters, { height, hash, files: 1 });
    await ledger.finishWriting();
    columns = flowColumns(await ledger.openFlow());
  });
});

/** Put a row above the newest in the commit log. */
async function pushTip(ledger: Ledger, text: string): Promise<void> {
  const [newest] = await ledger.engine.query<{ seq: string }>(
    `SELECT max(seq) AS seq FROM ${TIPS_TABLE}`,
  );
  const seq = new U64Values();
  const record = new StringValues();
  seq.push(Number(newest!.seq) + 1);
  record.pushText(text);
  await ledger.engine.insert(TIPS_TABLE, { seq, record });
}

async function popTip(ledger: Ledger): Promise<void> {
  await ledger.engine.command(
    `ALTER TABLE ${TIPS_TABLE} DELETE WHERE seq = (SELECT max(seq) FROM ${TIPS_TABLE}) SETTINGS mutations_sync = 2`,
  );
}

const REFUSED: readonly (readonly [string, (tip: TipRecord) => string, string])[] = [
  ['of a newer version', (tip) => JSON.stringify({ ...tip, formatVersion: 3 }), 'CLEW_DATA_NEWER'],
  [
    'of another network',
    (tip) => JSON.stringify({ ...tip, network: 'main' }),
    'CLEW_NETWORK_MISMATCH',
  ],
  ['of an older version', (tip) => JSON.stringify({ ...tip, formatVersion: 1 }), 'CLEW_DATA_OLDER'],
  ['that can not be read', () => '{"formatVersion":', 'CLEW_LEDGER_DAMAGED'],
];

for (const [what, change, code] of REFUSED) {
  test(`a ledger ${what} is refused and left as it is`, async () => {
    let good: TipRecord | undefined;
    await withLedger(async (ledger) => {
      good = ledger.tip;
      await pushTip(ledger, change(ledger.tip!));
    });
    await assert.rejects(Ledger.open(ledgerFolder, regtest), { code });
    // The engine was closed again, so that this can be opened; the damage is undone by hand.
    const { openChdb } = await import('./engine.ts');
    const engine = await openChdb(join(ledgerFolder, 'ledger'));
    await popTip({ engine } as Ledger);
    await engine.close();
    await withLedger(async (ledger) => {
      assert.deepEqual(ledger.tip, good);
      assert.deepEqual(ledger.counters, countFlow(await ledger.openFlow()));
    });
  });
}

const flowFile = (name: string): string => join(ledgerFolder, 'flow', name);

/** Change bytes of a file in place. */
function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
}

function changeManifest(change: (manifest: Record<string, unknown>) => unknown): void {
  const manifest = JSON.parse(readFileSync(flowFile('flow.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  writeFileSync(flowFile('flow.json'), JSON.stringify(change(manifest)));
}

/** Each is mended from the facts. */
const DAMAGED_LINKS: readonly (readonly [string, () => void])[] = [
  ['without a manifest', () => rmSync(flowFile('flow.json'))],
  ['with a manifest that is cut', () => truncateSync(flowFile('flow.json'), 20)],
  ['with an empty manifest', () => truncateSync(flowFile('flow.json'), 0)],
  [
    'with a manifest of another format',
    () => changeManifest((m) => ({ ...m, format: 'clew-flow/0' })),
  ],
  ['with a manifest that is no object', () => changeManifest(() => 'flow')],
  [
    'of another network',
    () => changeManifest((m) => ({ ...m, tip: { ...(m['tip'] as TipRecord), network: 'main' } })),
  ],
  [
    'of another tip',
    () =>
      changeManifest((m) => ({
        ...m,
        tip: { ...(m['tip'] as TipRecord), height: 40, hash: '00'.repeat(32) },
      })),
  ],
  ['with a flipped magic', () => overwrite(flowFile('outputSpender.col'), 0, Uint8Array.of(0x62))],
  [
    'with a column of another network',
    () => overwrite(flowFile('scriptEvents.col'), 12, Uint8Array.of(1)),
  ],
  ['with a column that lacks', () => rmSync(flowFile('inputPrevOfScript.col'))],
  ['with an empty column', () => truncateSync(flowFile('scriptLastInput.col'), 0)],
  [
    'with a cut column',
    () => truncateSync(flowFile('outputPrevOfScript.col'), COLUMN_HEADER_BYTES + 100),
  ],
  [
    'with another column in place of one',
    () => writeFileSync(flowFile('outputSpender.col'), readFileSync(flowFile('scriptEvents.col'))),
  ],
];

/** Each is named when the ledger is asked: facts follow from nothing but the blocks. */
const DAMAGED_FACTS: readonly (readonly [string, () => void])[] = [
  ['with a column that lacks', () => rmSync(flowFile('revealKind.col'))],
  ['with an empty column', () => truncateSync(flowFile('blockTime.col'), 0)],
  ['with a cut column', () => truncateSync(flowFile('outputValue.col'), COLUMN_HEADER_BYTES + 100)],
  [
    'with a flipped bit',
    () => overwrite(flowFile('txids.col'), COLUMN_HEADER_BYTES + 33, Uint8Array.of(0)),
  ],
  ['that is gone', () => rmSync(join(ledgerFolder, 'flow'), { recursive: true })],
];

test('a flow index that is damaged, foreign or gone is made anew, the same as before', async () => {
  let rebuilt = 0;
  const onRebuild = () => {
    rebuilt += 1;
  };
  const descriptors = (): number =>
    existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
  for (const [what, damage] of DAMAGED_LINKS) {
    damage();
    rebuilt = 0;
    await withLedger(
      async (ledger) => {
        const open = descriptors();
        assert.deepEqual(flowColumns(await ledger.openFlow()), columns, what);
        assert.ok(rebuilt > 0, `a flow index ${what} was trusted`);
        assert.ok(descriptors() - open <= 330, `files of a flow index ${what} stayed open`);
      },
      { onRebuild },
    );
    // And from then on it is used as it is.
    rebuilt = 0;
    await withLedger(
      async (ledger) => assert.deepEqual(flowColumns(await ledger.openFlow()), columns, what),
      { onRebuild },
    );
    assert.equal(rebuilt, 0, what);
  }
});

test('facts that are damaged or gone are named, and no answer is made up', async () => {
  const kept = temporaryFolder('ledger-kept');
  cpSync(join(ledgerFolder, 'flow'), kept, { recursive: true });
  for (const [what, damage] of DAMAGED_FACTS) {
    damage();
    await withLedger(async (ledger) => {
      const answer = ledger.openFlow().then((flow) => flowColumns(flow));
      await assert.rejects(answer, (error: ClewError) => {
        assert.ok(
          ['CLEW_FLOW_FORMAT', 'CLEW_COLUMN_DAMAGED'].includes(error.code),
          `${what}: ${error}`,
        );
        return true;
      });
    });
    cpSync(kept, join(ledgerFolder, 'flow'), { recursive: true });
  }
  await withLedger(async (ledger) => {
    assert.deepEqual(flowColumns(await ledger.openFlow()), columns);
  });
});

test('a ledger left in the middle of an undo finishes it when it is opened', async () => {
  const at = 20;
  let undone: TipRecord | undefined;
  // What the ledger says of itself after an undo that went through, taken from a copy.
  const copy = join(temporaryFolder('ledger-undone'), 'regtest');
  cpSync(ledgerFolder, copy, { recursive: true });
  const other = await Ledger.open(copy, regtest);
  await other.undoAbove(at);
  undone = other.tip;
  const undoneColumns = flowColumns(await other.openFlow());
  await other.close();
  // Stopped right after the new tip was written: rows and columns are still there.
  await withLedger(async (ledger) => {
    ledger.beginWriting();
    await pushTip(ledger, JSON.stringify(undone));
  });
  await withLedger(async (ledger) => {
    assert.equal(ledger.tip?.hash, BLOCKS[at]!.hash);
    const flow = await ledger.openFlow();
    assert.deepEqual(ledger.counters, countFlow(flow));
    assert.deepEqual(flowColumns(flow), undoneColumns);
    const [left] = await ledger.engine.query('SELECT max(height) AS height FROM blocks');
    assert.deepEqual(left, { height: at });
    assert.equal(existsSync(join(ledgerFolder, 'ledger', 'writing')), false);
  });
});

test('a table that lost rows is told when the ledger is opened', async () => {
  await withLedger(async (ledger) => {
    await ledger.engine.command(
      'ALTER TABLE outputs DELETE WHERE output_index = 3 SETTINGS mutations_sync = 2',
    );
  });
  await assert.rejects(Ledger.open(ledgerFolder, regtest), { code: 'CLEW_LEDGER_DAMAGED' });
});
