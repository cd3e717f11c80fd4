/** The rows of one batch, per table of `schema.ts`, while they wait to be inserted. */
import {
  FixedValues,
  type NativeColumn,
  StringValues,
  U8Values,
  U32Values,
  U64Values,
} from './native-block.ts';
import type { TableName } from './schema.ts';

/** One builder per column; `satisfies` holds the names against the schema's. */
export function createBatchRows() {
  return {
    files: { file_id: new U32Values(), path: new StringValues() },
    blocks: {
      block_index: new U64Values(),
      height: new U32Values(),
      hash: new FixedValues(32),
      prev_hash: new FixedValues(32),
      merkle_root: new FixedValues(32),
      version: new U32Values('Int32'),
      time: new U32Values(),
      bits: new U32Values(),
      nonce: new U32Values(),
      first_tx: new U64Values(),
      first_input: new U64Values(),
      first_output: new U64Values(),
      first_script: new U64Values(),
      tx_count: new U32Values(),
      size_bytes: new U32Values(),
      file_id: new U32Values(),
      file_offset: new U64Values(),
      coinbase_script: new StringValues(),
    },
    transactions: {
      tx_index: new U64Values(),
      block_index: new U64Values(),
      txid: new FixedValues(32),
      version: new U32Values('Int32'),
      locktime: new U32Values(),
      flags: new U8Values(),
      first_input: new U64Values(),
      first_output: new U64Values(),
      input_count: new U32Values(),
      output_count: new U32Values(),
      raw_offset: new U32Values(),
      size_bytes: new U32Values(),
      stripped_bytes: new U32Values(),
      input_sats: new U64Values(),
      output_sats: new U64Values(),
    },
    tx_lookup: { txid_key: new U64Values(), tx_index: new U64Values() },
    outputs: {
      output_index: new U64Values(),
      tx_index: new U64Values(),
      value: new U64Values(),
      script_id: new U64Values(),
      kind: new U8Values(),
      script_bytes: new U32Values(),
    },
    inputs: {
      input_index: new U64Values(),
      tx_index: new U64Values(),
      prev_output: new U64Values(),
      prev_value: new U64Values(),
      prev_script: new U64Values(),
      sequence: new U32Values(),
      kind: new U8Values(),
      key_form: new U8Values(),
      sighash_mask: new U8Values(),
      witness_items: new U32Values(),
    },
    spends: { output_index: new U64Values(), tx_index: new U64Values(), vin: new U32Values() },
    unknown_prevouts: {
      input_index: new U64Values(),
      prev_txid: new FixedValues(32),
      prev_vout: new U32Values(),
    },
    scripts: { script_id: new U64Values(), kind: new U8Values(), script: new StringValues() },
    script_lookup: { script_key: new U64Values(), script_id: new U64Values() },
    history: {
      script_id: new U64Values(),
      tx_index: new U64Values(),
      output_index: new U64Values(),
      direction: new U8Values(),
      value: new U64Values(),
    },
    reveals: {
      script_id: new U64Values(),
      tx_index: new U64Values(),
      input_index: new U64Values(),
      kind: new U8Values(),
      payload: new FixedValues(32),
    },
  } satisfies Record<TableName, Record<string, NativeColumn>>;
}

export type BatchRows = ReturnType<typeof createBatchRows>;
