/** A certificate that nobody signed, made when a test needs one: none is kept among the sources. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './temporary-folder.ts';

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  /** The certificate as a file. */
  readonly path: string;
}

/**
 * A self-signed certificate for a name; undefined, with the test skipped loudly, where there is no `openssl`.
 *
 * @param name a DNS name, beside which it holds for nothing
 */
export function testCertificate(t: TestContext, name: string): TestCertificate | undefined {
  const folder = temporaryFolder('certificate');
  const keyPath = join(folder, 'key.pem');
  const path = join(folder, 'cert.pem');
  const ask = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const how = [
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=DNS:${name}`,
  ];
  try {
    execFileSync('openssl', [...ask, ...how, '-keyout', keyPath, '-out', path], { stdio: 'pipe' });
  } catch {
    t.skip('no openssl here that makes a certificate');
    return undefined;
  }
  return { key: readFileSync(keyPath, 'utf8'), cert: readFileSync(path, 'utf8'), path };
}
