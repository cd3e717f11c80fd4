import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { writeSection } from './write-section.ts';

test('text between two marks is replaced, all else stays', () => {
  const path = join(temporaryFolder('write-section'), 'page.md');
  writeFileSync(path, 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n');
  writeSection(path, 'x', 'new');
  writeSection(path, 'x', 'newer');
  assert.equal(readFileSync(path, 'utf8'), 'a\n<!-- x -->\n\nnewer\n\n<!-- /x -->\nb\n');
  assert.throws(() => writeSection(path, 'y', 'z'), /has no/);
});
