/**
 * A script as words, the way Esplora servers write it: opcode names and pushes as hex, after rust-bitcoin's `Script`
 * (`bitcoin/src/blockdata/script`, its `fmt_asm`).
 *
 * Nothing is decoded: what is pushed stays hex. Odd cases follow that source to the letter, because answers are compared with
 * those of other servers: a push whose data ends too early is `<push past end>`, one whose length ends too early is
 * `<unexpected end>` with no space before it; both end the text.
 */
import { bytesToHex } from '../bytes/hex.ts';

const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA4 = 0x4e;

/** From 0x61 to 0xba, in order. */
const NAMES_FROM_0X61 =
  `NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP
  2OVER 2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR
  EQUAL EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT
  BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL GREATERTHANOREQUAL MIN MAX
  WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG CHECKSIGVERIFY CHECKMULTISIG
  CHECKMULTISIGVERIFY NOP1 CLTV CSV NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD`.split(/\s+/);

const NAMES: readonly string[] = Array.from({ length: 256 }, (_, opcode) => {
  if (opcode === 0) return 'OP_0';
  if (opcode < OP_PUSHDATA1) return `OP_PUSHBYTES_${opcode}`;
  if (opcode <= OP_PUSHDATA4) return `OP_PUSHDATA${2 ** (opcode - OP_PUSHDATA1)}`;
  if (opcode === 0x4f) return 'OP_PUSHNUM_NEG1';
  if (opcode === 0x50) return 'OP_RESERVED';
  if (opcode <= 0x60) return `OP_PUSHNUM_${opcode - 0x50}`;
  if (opcode === 0xff) return 'OP_INVALIDOPCODE';
  const name = NAMES_FROM_0X61[opcode - 0x61];
  // What has no meaning ends a script like OP_RETURN does.
  return name === undefined ? `OP_RETURN_${opcode}` : `OP_${name}`;
});

/**
 * The words of a script.
 *
 * @example scriptAsm(p2wpkhScript(hash20)) // 'OP_0 OP_PUSHBYTES_20 …'
 */
export function scriptAsm(script: Uint8Array): string {
  const words: string[] = [];
  let at = 0;
  while (at < script.length) {
    const opcode = script[at]!;
    at += 1;
    let length = opcode < OP_PUSHDATA1 ? opcode : 0;
    if (opcode >= OP_PUSHDATA1 && opcode <= OP_PUSHDATA4) {
      const width = 2 ** (opcode - OP_PUSHDATA1);
      if (at + width > script.length) return `${words.join(' ')}<unexpected end>`;
      for (let i = width - 1; i >= 0; i -= 1) length = length * 256 + script[at + i]!;
      at += width;
    }
    words.push(NAMES[opcode]!);
    if (length === 0) continue;
    if (at + length > script.length) {
      words.push('<push past end>');
      break;
    }
    words.push(bytesToHex(script.subarray(at, at + length)));
    at += length;
  }
  return words.join(' ');
}
