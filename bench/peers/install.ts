/**
 * Installs peers with the package client of their own language, versions pinned, into a cache outside the project.
 * Nothing here becomes a dependency of Clew.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder with the drivers, one for each language. */
export const DRIVERS = fileURLToPath(new URL('.', import.meta.url));

/** `CLEW_BENCH_CACHE`, or a folder among the temporary files. */
export function cacheFolder(): string {
  return process.env['CLEW_BENCH_CACHE'] ?? join(tmpdir(), 'clew-bench-cache');
}

/** Runs a package client, its words going to our stderr. */
function run(command: string, args: readonly string[], cwd: string, env = {}): void {
  process.stderr.write(`peers: ${command} ${args.join(' ')}\n`);
  const result = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2],
  });
  if (result.error !== undefined) throw new Error(`${command} is not there`);
  if (result.status !== 0) throw new Error(`\`${command} ${args.join(' ')}\` failed`);
}

/** Makes a folder of the cache once for each text that says what is in it. */
function installOnce(folder: string, what: string, install: () => void): void {
  const stamp = join(folder, 'installed.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === what) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  install();
  writeFileSync(stamp, what);
}

/** One of our drivers with the libraries it drives, built in the cache. */
export function installRustDriver(cache: string): void {
  const folder = join(cache, 'rust');
  const source = ['Cargo.toml', 'Cargo.lock', 'src/main.rs']
    .map((name) => readFileSync(join(DRIVERS, 'rust', name), 'utf8'))
    .join('');
  installOnce(folder, source, () => {
    cpSync(join(DRIVERS, 'rust'), folder, { recursive: true });
    // The LevelDB that comes with the leveldb crate takes some versions of GCC for Clang, and does not build.
    const toolchain = join(folder, 'toolchain.cmake');
    writeFileSync(toolchain, 'set(HAVE_CLANG_THREAD_SAFETY OFF CACHE INTERNAL "")\n');
    run('cargo', ['build', '--release', '--locked', '-j1'], folder, {
      CMAKE_TOOLCHAIN_FILE: toolchain,
    });
  });
}

export function rustDriver(cache: string): string {
  return join(cache, 'rust/target/release/clew-bench-peers');
}

export function installCrate(cache: string, name: string, version: string): void {
  const folder = join(cache, `${name}-${version}`);
  installOnce(folder, version, () => {
    run(
      'cargo',
      ['install', name, '--version', version, '--locked', '-j1', '--root', folder],
      folder,
    );
  });
}

export function crateProgram(cache: string, name: string, version: string): string {
  return join(cache, `${name}-${version}`, 'bin', name);
}

export function installGoDriver(cache: string): void {
  const folder = join(cache, 'go');
  const source = ['go.mod', 'go.sum', 'main.go']
    .map((name) => readFileSync(join(DRIVERS, 'go', name), 'utf8'))
    .join('');
  installOnce(folder, source, () => {
    cpSync(join(DRIVERS, 'go'), folder, { recursive: true });
    run('go', ['build', '-p', '1', '-o', 'btcd-driver', '.'], folder);
  });
}

export function installPython(cache: string, requirements: readonly string[]): void {
  const folder = join(cache, 'python');
  installOnce(folder, requirements.join(' '), () => {
    run('python3', ['-m', 'venv', folder], cache);
    run(pythonProgram(cache), ['-m', 'pip', 'install', '--quiet', ...requirements], folder);
  });
}

export function pythonProgram(cache: string): string {
  return join(cache, 'python/bin/python');
}

export function installNode(cache: string, requirement: string): void {
  const folder = join(cache, 'node');
  installOnce(folder, requirement, () => {
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    run('npm', ['install', '--no-fund', '--no-audit', '--save-exact', requirement], folder);
  });
}
