/** Transactions for detector tests, written out by hand. */
import { SIGHASH } from '../../chain/input-kind.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { TxShape } from '../coinjoin/tx-shape.hot.ts';

export interface ShapeInput {
  readonly sats: number;
  /** Scripts with the same number are the same; without one, each is its own. */
  readonly script?: number;
  readonly kind?: number;
  readonly sequence?: number;
  readonly sighash?: number;
}

export interface ShapeOutput {
  readonly sats: number;
  readonly script?: number;
  /** `SCRIPT_KIND.opReturn` makes a data output. */
  readonly kind?: number;
}

export interface ShapeText {
  readonly height?: number;
  readonly timeSeconds?: number;
  readonly txid?: string;
  readonly inputs: readonly (number | ShapeInput)[];
  readonly outputs: readonly (number | ShapeOutput)[];
}

/** A filled shape; a bare number is a P2WPKH input or output of that value with a script of its own. */
export function makeShape(text: ShapeText): TxShape {
  const shape = new TxShape();
  shape.start(text.inputs.length, text.outputs.length);
  shape.height = text.height ?? 800_000;
  shape.timeSeconds = text.timeSeconds ?? 1_690_168_629;
  shape.txidHex = () => text.txid ?? '00'.repeat(32);
  text.inputs.forEach((item, vin) => {
    const input: ShapeInput = typeof item === 'number' ? { sats: item } : item;
    shape.inputValue[vin] = input.sats;
    shape.inputScript[vin] = input.script ?? 1_000_000 + vin;
    shape.inputScriptKind[vin] = input.kind ?? SCRIPT_KIND.p2wpkh;
    shape.inputSequence[vin] = input.sequence ?? 0xffff_ffff;
    shape.inputSighash[vin] = input.sighash ?? SIGHASH.all;
  });
  text.outputs.forEach((item, vout) => {
    const output: ShapeOutput = typeof item === 'number' ? { sats: item } : item;
    if (output.kind === SCRIPT_KIND.opReturn) {
      shape.dataOutputCount += 1;
      shape.dataOutputSats += output.sats;
      return;
    }
    shape.outputValue[shape.outputCount] = output.sats;
    shape.outputScript[shape.outputCount] = output.script ?? 2_000_000 + vout;
    shape.outputScriptKind[shape.outputCount] = output.kind ?? SCRIPT_KIND.p2wpkh;
    shape.outputCount += 1;
  });
  return shape;
}

/** The same value several times. */
export function times(count: number, sats: number): number[] {
  return new Array<number>(count).fill(sats);
}
