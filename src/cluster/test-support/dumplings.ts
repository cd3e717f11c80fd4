/**
 * Transactions in the text form of the Dumplings scanner, one a line, as `TxShape`s:
 *
 *   txid:::block hash:::position:::time:::inputs:::outputs
 *   an input  previous id-index-value+script hex+type     an output  value+script hex+type
 *
 * The height is not in the file; it is estimated from the time, which is exact enough for the rules' gates.
 */
import { hexToBytes } from '../../bytes/hex.ts';
import { SIGHASH } from '../../chain/input-kind.ts';
import { classifyScript } from '../../chain/script.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import type { TxShape } from '../coinjoin/tx-shape.hot.ts';

export interface DumplingsTx {
  readonly txid: string;
  readonly timeSeconds: number;
  readonly inputs: readonly { readonly sats: number; readonly script: string }[];
  readonly outputs: readonly { readonly sats: number; readonly script: string }[];
}

export function parseDumplings(text: string): DumplingsTx[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [txid, , , time, inputs, outputs] = line.split(':::') as [
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      return {
        txid,
        timeSeconds: Number(time),
        inputs: inputs.split('}{').map((item) => {
          const [outpoint, script] = item.split('+') as [string, string];
          return { sats: Number(outpoint.split('-')[2]), script };
        }),
        outputs: outputs.split('}{').map((item) => {
          const [sats, script] = item.split('+') as [string, string];
          return { sats: Number(sats), script };
        }),
      };
    });
}

/** Real blocks, as (time, height): between them the height is taken as linear. */
const ANCHORS = [
  [1_231_006_505, 0],
  [1_463_000_000, 411_000],
  [1_589_225_023, 630_000],
  [1_631_333_672, 700_000],
  [1_690_168_629, 800_000],
  [1_713_571_767, 840_000],
  [1_760_000_000, 917_000],
] as const;

export function estimateHeight(timeSeconds: number): number {
  const after = Math.max(
    1,
    ANCHORS.findIndex(([time]) => time > timeSeconds),
  );
  const [time0, height0] = ANCHORS[after - 1]!;
  const [time1, height1] = ANCHORS[after]!;
  return Math.round(height0 + ((timeSeconds - time0) * (height1 - height0)) / (time1 - time0));
}

/** Script numbers shared by all transactions of a file, as in an index. */
export class ScriptNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #kinds: number[] = [];

  numberOf(script: string): number {
    const known = this.#numbers.get(script);
    if (known !== undefined) return known;
    const bytes = hexToBytes(script);
    this.#kinds.push(classifyScript(bytes, 0, bytes.length));
    this.#numbers.set(script, this.#kinds.length - 1);
    return this.#kinds.length - 1;
  }

  kindOf(number: number): number {
    return this.#kinds[number]!;
  }
}

/** Fill a shape; signatures are not in the file, so all inputs count as signing everything. */
export function fillFromDumplings(shape: TxShape, tx: DumplingsTx, scripts: ScriptNumbers): void {
  shape.start(tx.inputs.length, tx.outputs.length);
  shape.isCoinbase = false;
  shape.isIncomplete = false;
  shape.height = estimateHeight(tx.timeSeconds);
  shape.timeSeconds = tx.timeSeconds;
  shape.txidHex = () => tx.txid;
  tx.inputs.forEach(({ sats, script }, vin) => {
    const number = scripts.numberOf(script);
    shape.inputValue[vin] = sats;
    shape.inputScript[vin] = number;
    shape.inputScriptKind[vin] = scripts.kindOf(number);
    shape.inputSequence[vin] = 0xffff_ffff;
    shape.inputSighash[vin] = SIGHASH.all;
  });
  let row = 0;
  for (const { sats, script } of tx.outputs) {
    const number = scripts.numberOf(script);
    if (scripts.kindOf(number) === SCRIPT_KIND.opReturn) {
      shape.dataOutputCount += 1;
      shape.dataOutputSats += sats;
      continue;
    }
    shape.outputValue[row] = sats;
    shape.outputScript[row] = number;
    shape.outputScriptKind[row] = scripts.kindOf(number);
    row += 1;
  }
  shape.outputCount = row;
}
