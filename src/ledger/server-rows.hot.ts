/**
 * The rows of a batch that only servers keep (`server-schema.ts`): identifiers, look-up tables, events of scripts.
 *
 * All of them follow from the facts in the columns, so the block loader need not know: they are made when the batch is
 * committed, from the rows that it added.
 */
import { readU32 } from '../bytes/read-u32.hot.ts';
import { bareKeyTwin } from '../chain/bare-key.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import { NONE } from '../units/ids.ts';
import type { FlowIndex } from './flow-index.ts';
import {
  FixedValues,
  type NativeColumn,
  RowValues,
  StringValues,
  U8Values,
  U32Values,
  U64Values,
} from './native-block.ts';
import { NO_BASE, type RowBase } from './row-base.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';
import type { ServerTableName } from './server-schema.ts';
import type { RowCounts } from './tip-record.ts';

type Tables = ReturnType<typeof createServerRows>;

/** Builders for the tables that `batch-rows.ts` does not have; `satisfies` holds the names against the schema's. */
function createServerRows(base: RowBase) {
  const txRow = () => new RowValues(base.transactions);
  const inputRow = () => new RowValues(base.inputs);
  const outputRow = () => new RowValues(base.outputs);
  const scriptRow = () => new RowValues(base.scripts);
  return {
    scripts: {
      script_id: scriptRow(),
      kind: new U8Values(),
      first_output: outputRow(),
      script: new StringValues(),
    },
    reveals: {
      reveal_index: new U64Values(),
      script_id: scriptRow(),
      tx_index: txRow(),
      kind: new U8Values(),
      payload: new FixedValues(32),
    },
    undo_inputs: {
      input_index: inputRow(),
      value: new U64Values(),
      script_id: scriptRow(),
      origin: new U32Values(),
    },
    destroyed: { output_index: outputRow(), tx_index: txRow() },
    tx_lookup: { tx_key: new U64Values(), tx_index: txRow() },
    script_lookup: { script_key: new U64Values(), script_id: scriptRow() },
    bare_keys: { script_key: new U64Values(), script_id: scriptRow() },
    spends: { prev_output: outputRow(), input_index: inputRow(), tx_index: txRow() },
    script_events: {
      script_id: scriptRow(),
      tx_index: txRow(),
      is_input: new U8Values(),
      output_index: outputRow(),
      value: new U64Values(),
    },
  } satisfies Partial<Record<ServerTableName, Record<string, NativeColumn>>>;
}

export class ServerRows {
  readonly #tables: Tables;
  readonly #txids = new FixedValues(32);

  constructor(base: RowBase = NO_BASE) {
    this.#tables = createServerRows(base);
  }

  /**
   * The rows that follow from what the flow index has between two counts. The columns are filled again by the next call.
   *
   * @returns `txids` one for each transaction, a column of `transactions`; and the other tables
   */
  fill(flow: FlowIndex, from: RowCounts, to: RowCounts): { txids: FixedValues; tables: Tables } {
    this.#txids.clear();
    for (const columns of Object.values(this.#tables)) {
      for (const column of Object.values(columns)) column.clear();
    }
    this.#addTransactions(flow, from.transactions, to.transactions);
    this.#addScripts(flow, from.scripts, to.scripts);
    this.#addRareRows(flow, from, to);
    return { txids: this.#txids, tables: this.#tables };
  }

  #addTransactions(flow: FlowIndex, from: number, end: number): void {
    const { tx_lookup: lookup } = this.#tables;
    let input = flow.txFirstInput.at(from);
    let output = flow.txFirstOutput.at(from);
    for (let tx = from; tx < end; tx += 1) {
      const txid = flow.txids.at(tx);
      this.#txids.push(txid, 0);
      lookup.tx_key.pushHalves(readU32(txid, 0), readU32(txid, 4));
      lookup.tx_index.push(tx);
      const inputEnd = flow.txFirstInput.at(tx + 1);
      for (; input < inputEnd; input += 1) this.#addInput(flow, input, tx);
      const outputEnd = flow.txFirstOutput.at(tx + 1);
      for (; output < outputEnd; output += 1) {
        const script = flow.outputScript.at(output);
        if (script !== NONE) this.#addEvent(script, tx, 0, output, flow.outputValue.at(output));
      }
    }
  }

  #addInput(flow: FlowIndex, input: number, tx: number): void {
    const prevout = flow.inputPrevout.at(input);
    if (prevout === NONE) {
      const row = flow.undoInputs.find(input);
      if (row === NONE) return;
      this.#addEvent(flow.undoInputs.script.at(row), tx, 1, NONE, flow.undoInputs.value.at(row));
      return;
    }
    const { spends } = this.#tables;
    spends.prev_output.push(prevout);
    spends.input_index.push(input);
    spends.tx_index.push(tx);
    const script = flow.outputScript.at(prevout);
    if (script !== NONE) this.#addEvent(script, tx, 1, prevout, flow.outputValue.at(prevout));
  }

  #addEvent(script: number, tx: number, isInput: number, output: number, valueSats: number): void {
    const { script_events: events } = this.#tables;
    events.script_id.push(script);
    events.tx_index.push(tx);
    events.is_input.push(isInput);
    events.output_index.push(output);
    events.value.push(valueSats);
  }

  #addScripts(flow: FlowIndex, from: number, end: number): void {
    const { scripts, script_lookup: lookup, bare_keys: bareKeys } = this.#tables;
    for (let script = from; script < end; script += 1) {
      const bytes = flow.scripts.read(script);
      const kind = flow.scriptKind.at(script);
      scripts.script_id.push(script);
      scripts.kind.push(kind);
      scripts.first_output.push(flow.scriptFirstOutput.at(script));
      scripts.script.push(bytes, 0, bytes.length);
      hashScript(bytes, 0, bytes.length);
      lookup.script_key.pushHalves(scriptKey.low, scriptKey.high);
      lookup.script_id.push(script);
      if (kind !== SCRIPT_KIND.p2pk) continue;
      const twin = bareKeyTwin(bytes);
      hashScript(twin, 0, twin.length);
      bareKeys.script_key.pushHalves(scriptKey.low, scriptKey.high);
      bareKeys.script_id.push(script);
    }
  }

  #addRareRows(flow: FlowIndex, from: RowCounts, to: RowCounts): void {
    const { reveals, undo_inputs: undo, destroyed } = this.#tables;
    for (let row = from.reveals; row < to.reveals; row += 1) {
      reveals.reveal_index.push(row);
      reveals.script_id.push(flow.revealScript.at(row));
      reveals.tx_index.push(flow.revealTx.at(row));
      reveals.kind.push(flow.revealKind.at(row));
      reveals.payload.push(flow.revealPayload.at(row), 0);
    }
    for (let row = from.undoInputs; row < to.undoInputs; row += 1) {
      undo.input_index.push(flow.undoInputs.input.at(row));
      undo.value.push(flow.undoInputs.value.at(row));
      undo.script_id.push(flow.undoInputs.script.at(row));
      undo.origin.push(flow.undoInputs.origin.at(row));
    }
    for (let row = from.destroyed; row < to.destroyed; row += 1) {
      destroyed.output_index.push(flow.destroyedOutput.at(row));
      destroyed.tx_index.push(flow.destroyedTx.at(row));
    }
  }
}
