/** The words are those that rust-bitcoin prints, which Esplora servers use; scripts are made up but for its own test vectors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexToBytes } from '../bytes/hex.ts';
import { esploraScriptType } from './esplora-transaction.ts';
import { scriptAsm } from './script-asm.ts';

const CASES: readonly (readonly [hex: string, asm: string])[] = [
  ['', ''],
  ['00', 'OP_0'],
  // rust-bitcoin `script_asm`
  [
    '6363636363686868686800',
    'OP_IF OP_IF OP_IF OP_IF OP_IF OP_ENDIF OP_ENDIF OP_ENDIF OP_ENDIF OP_ENDIF OP_0',
  ],
  [
    '2102715e91d37d239dea832f1460e91e368115d8ca6cc23a7da966795abad9e3b699ac',
    'OP_PUSHBYTES_33 02715e91d37d239dea832f1460e91e368115d8ca6cc23a7da966795abad9e3b699 OP_CHECKSIG',
  ],
  ['4f50515f60', 'OP_PUSHNUM_NEG1 OP_RESERVED OP_PUSHNUM_1 OP_PUSHNUM_15 OP_PUSHNUM_16'],
  ['b0b1b2b3b9', 'OP_NOP1 OP_CLTV OP_CSV OP_NOP4 OP_NOP10'],
  ['babbfeff', 'OP_CHECKSIGADD OP_RETURN_187 OP_RETURN_254 OP_INVALIDOPCODE'],
  [
    '7e828a8d9ba5a8afac',
    'OP_CAT OP_SIZE OP_RESERVED2 OP_2MUL OP_BOOLOR OP_WITHIN OP_SHA256 OP_CHECKMULTISIGVERIFY OP_CHECKSIG',
  ],
  // Pushes: with nothing, with their length apart, cut in the data, cut in the length.
  ['4c00', 'OP_PUSHDATA1'],
  ['4c0201ff', 'OP_PUSHDATA1 01ff'],
  ['4d020001ff', 'OP_PUSHDATA2 01ff'],
  ['4e0200000001ff', 'OP_PUSHDATA4 01ff'],
  ['7603aabb', 'OP_DUP OP_PUSHBYTES_3 <push past end>'],
  ['764c03aabb', 'OP_DUP OP_PUSHDATA1 <push past end>'],
  ['4effffffff', 'OP_PUSHDATA4 <push past end>'],
  ['764c', 'OP_DUP<unexpected end>'],
  ['4d01', '<unexpected end>'],
  ['76874e010203', 'OP_DUP OP_EQUAL<unexpected end>'],
];

test('scripts as words', () => {
  for (const [hex, asm] of CASES) assert.equal(scriptAsm(hexToBytes(hex)), asm, hex);
});

test('types of scripts', () => {
  const key = `02${'11'.repeat(32)}`;
  const types: readonly (readonly [hex: string, type: string])[] = [
    ['', 'empty'],
    ['6a', 'op_return'],
    ['6aff', 'op_return'],
    [`21${key}ac`, 'p2pk'],
    // No key begins with 7f, but the lengths are those of one.
    [`217f${'11'.repeat(32)}ac`, 'p2pk'],
    [`5121${key}51ae`, 'multisig'],
    // Two of one makes no sense.
    [`5221${key}51ae`, 'unknown'],
    ['50', 'provably_unspendable'],
    ['ba', 'provably_unspendable'],
    ['7e51', 'provably_unspendable'],
    ['65', 'provably_unspendable'],
    ['51024e73', 'unknown'],
    ['0003aabbcc', 'unknown'],
    ['51', 'unknown'],
  ];
  for (const [hex, type] of types) assert.equal(esploraScriptType(hexToBytes(hex)), type, hex);
});
