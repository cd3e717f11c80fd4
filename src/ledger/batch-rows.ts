/** The rows of one batch, per table of `schema.ts`, while they wait to be inserted. */
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
import type { TableName } from './schema.ts';

/**
 * One builder per column; `satisfies` holds the names against the schema's.
 *
 * @param base added to every row number
 */
export function createBatchRows(base: RowBase = NO_BASE) {
  const blockRow = () => new RowValues(base.blocks);
  const txRow = () => new RowValues(base.transactions);
  const inputRow = () => new RowValues(base.inputs);
  const outputRow = () => new RowValues(base.outputs);
  const scriptRow = () => new RowValues(base.scripts);
  return {
    files: { file_id: new U32Values(), path: new StringValues() },
    blocks: {
      block_index: blockRow(),
      height: new U32Values(),
      hash: new FixedValues(32),
      prev_hash: new FixedValues(32),
      merkle_root: new FixedValues(32),
      version: new U32Values('Int32'),
      time: new U32Values(),
      bits: new U32Values(),
      nonce: new U32Values(),
      first_tx: txRow(),
      first_input: inputRow(),
      first_output: outputRow(),
      first_script: scriptRow(),
      tx_count: new U32Values(),
      size_bytes: new U32Values(),
      file_id: new U32Values(),
      file_offset: new U64Values(),
      coinbase_script: new StringValues(),
    },
    transactions: {
      tx_index: txRow(),
      block_index: blockRow(),
      version: new U32Values('Int32'),
      locktime: new U32Values(),
      flags: new U8Values(),
      first_input: inputRow(),
      first_output: outputRow(),
      input_count: new U32Values(),
      output_count: new U32Values(),
      raw_offset: new U32Values(),
      size_bytes: new U32Values(),
      stripped_bytes: new U32Values(),
    },
    outputs: {
      output_index: outputRow(),
      tx_index: txRow(),
      value: new U64Values(),
      script_id: scriptRow(),
      kind: new U8Values(),
      script_bytes: new U32Values(),
    },
    inputs: {
      input_index: inputRow(),
      tx_index: txRow(),
      prev_output: outputRow(),
      sequence: new U32Values(),
      kind: new U8Values(),
      key_form: new U8Values(),
      sighash_mask: new U8Values(),
      witness_items: new U32Values(),
    },
    unknown_prevouts: {
      input_index: inputRow(),
      prev_txid: new FixedValues(32),
      prev_vout: new U32Values(),
    },
  } satisfies Record<TableName, Record<string, NativeColumn>>;
}

export type BatchRows = ReturnType<typeof createBatchRows>;
