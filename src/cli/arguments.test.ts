import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClewError } from '../errors.ts';
import { didYouMean, parseArguments, parseTime } from './arguments.ts';
import { describeCommand } from './command.ts';

const shape = describeCommand({
  name: 'probe',
  about: 'For the tests.',
  positionals: {
    subject: { kind: 'text', value: 'SUBJECT', help: 'what' },
    files: { kind: 'path', value: 'FILE', many: true, optional: true, help: 'where' },
  },
  options: {
    out: { kind: 'path', value: 'DIR', required: true, help: 'out' },
    depth: { kind: 'count', value: 'N', min: 1, max: 30, default: 5, help: 'depth' },
    method: {
      kind: 'choice',
      value: 'M',
      choices: ['fifo', 'haircut'],
      default: 'fifo',
      help: 'm',
    },
    to: { kind: 'time', value: 'TIME', dayEdge: 'end', help: 'to' },
    tags: { kind: 'path', value: 'PATH', many: true, help: 'tags' },
    minSats: { kind: 'count', value: 'SATS', min: 0, max: 2 ** 53 - 1, help: 'sats' },
    memory: { kind: 'size', value: 'SIZE', min: 2 ** 26, max: 2 ** 40, help: 'memory' },
    stopAtServices: { kind: 'flag', on: true, help: 'stop' },
    json: { kind: 'flag', help: 'json' },
  },
  examples: [],
  access: 'none',
});

function parse(...args: string[]): Readonly<Record<string, unknown>> {
  return parseArguments(shape, args, '/home/ana').options;
}

function refusal(...args: string[]): string {
  try {
    parse(...args);
  } catch (error) {
    assert.ok(error instanceof ClewError);
    assert.equal(error.code, 'CLEW_USAGE');
    return error.message;
  }
  return assert.fail(`accepted: ${args.join(' ')}`);
}

test('values take their kind, paths become absolute, the rest takes its default', () => {
  assert.deepEqual(
    {
      ...parse(
        'x',
        'a.csv',
        '/b.csv',
        '--out',
        '../o',
        '--tags=t1',
        '--tags',
        't2',
        '--min-sats',
        '9007199254740991',
      ),
    },
    {
      subject: 'x',
      files: ['/home/ana/a.csv', '/b.csv'],
      out: '/home/o',
      depth: 5,
      method: 'fifo',
      to: undefined,
      tags: ['/home/ana/t1', '/home/ana/t2'],
      memory: undefined,
      minSats: 9007199254740991,
      stopAtServices: true,
      json: false,
    },
  );
});

test('flags are switched on and off by their names', () => {
  const options = parse('x', '--out', 'o', '--no-stop-at-services', '--json');
  assert.equal(options.stopAtServices, false);
  assert.equal(options.json, true);
});

test('what follows -- is never an option', () => {
  assert.deepEqual(parse('--out', 'o', '--', '--json').subject, '--json');
});

test('help wins over everything, even over mistakes after it', () => {
  assert.equal(parseArguments(shape, ['--help', '--nonsense'], '/').help, true);
  assert.equal(parseArguments(shape, ['x', '-h'], '/').help, true);
});

test('every refusal says which option and what would be right', () => {
  assert.equal(refusal(), 'SUBJECT is missing: clew probe SUBJECT [FILE...].');
  assert.equal(refusal('x'), '--out DIR is missing.');
  assert.equal(refusal('x', '--out'), '--out needs a value: --out DIR.');
  assert.equal(refusal('x', '--out', '--json'), '--out needs a value: --out DIR.');
  assert.equal(refusal('x', '--out='), '--out needs a value: --out DIR.');
  assert.equal(refusal('x', '--out', 'a', '--out', 'b'), '--out is given more than once.');
  assert.equal(refusal('x', '--json=yes'), '--json takes no value.');
  assert.equal(
    refusal('x', '--out', 'o', '--depht', '3'),
    '`clew probe` has no option --depht. Did you mean --depth?',
  );
  assert.equal(refusal('x', '--quiet'), '`clew probe` has no option --quiet.');
  assert.equal(refusal('x', '-j'), '`clew probe` has no option -j.');
  for (const bad of ['0', '31', '1.5', '-1', '1e1', 'x', '0x10', ' 5']) {
    assert.equal(
      refusal('x', '--out', 'o', `--depth=${bad}`),
      `--depth is a whole number from 1 to 30, not "${bad}".`,
    );
  }
  assert.equal(
    refusal('x', '--out', 'o', '--method', 'hairct'),
    '--method is one of fifo, haircut, not "hairct". Did you mean haircut?',
  );
  assert.match(refusal('x', '--out', 'o', '--to', '31.12.2024'), /^--to is a day \(2024-03-31\), /);
});

test('too many arguments are refused by name', () => {
  const one = { ...shape, positionals: { subject: shape.positionals.subject }, options: {} };
  assert.throws(
    () => parseArguments(one, ['a', 'b'], '/'),
    new ClewError('CLEW_USAGE', '`clew probe` takes one argument; "b" is too many.', {
      command: 'probe',
      argument: 'b',
    }),
  );
});

test('times: days, UTC times and seconds, nothing ambiguous', () => {
  // Block 0 of Bitcoin: 2009-01-03 18:15:05 UTC, 1231006505.
  assert.equal(parseTime('2009-01-03T18:15:05Z', 'start'), 1231006505);
  assert.equal(parseTime('1231006505', 'end'), 1231006505);
  assert.equal(parseTime('2009-01-03', 'start'), 1230940800);
  assert.equal(parseTime('2009-01-03', 'end'), 1230940800 + 86_399);
  assert.equal(parseTime('2009-01-03T18:15Z', 'end'), 1231006500);
  for (const bad of [
    '2024-04-31',
    '2023-02-29',
    '2024-13-01',
    '2024-1-1',
    '2024-03-31T12:00:00',
    '03/31/2024',
    '',
    'now',
  ]) {
    assert.equal(parseTime(bad, 'start'), undefined, bad);
  }
});

test('suggestions: near words only', () => {
  const known = ['status', 'simulate', 'investigate', 'trace'];
  assert.equal(didYouMean('sttaus', known), ' Did you mean status?');
  assert.equal(didYouMean('investgate', known), ' Did you mean investigate?');
  assert.equal(didYouMean('inve', known), ' Did you mean investigate?');
  assert.equal(didYouMean('delete', known), '');
  assert.equal(didYouMean('x', known), '');
});

test('sizes are written with a unit, in steps of 1024', () => {
  for (const [text, bytes] of [
    ['64MB', 2 ** 26],
    ['2GB', 2 ** 31],
    ['2g', 2 ** 31],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['1T', 2 ** 40],
  ] as const) {
    assert.equal(parse('a', '--out', 'x', '--memory', text)['memory'], bytes);
  }
  for (const text of ['2', '2KB', '63MB', '2TB', '1e3GB', 'GB', '-2GB', '2GBs', '1.2.3G']) {
    assert.throws(() => parse('a', '--out', 'x', `--memory=${text}`), {
      code: 'CLEW_USAGE',
      message: `--memory is a size from 64MB to 1TB, such as 512MB or 2GB, not "${text}".`,
    });
  }
});
