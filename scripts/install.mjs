/**
 * Makes sure that what package-lock.json lists is installed, and finds the Node that runs Clew.
 *
 * Plain JavaScript without dependencies for Node 20 or newer: this runs before anything is there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const NODE_MAJOR = 24;
/** Nothing runs at install, nobody is told, and no warning about an older Node that only calls npm. */
const NPM_OPTIONS = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** A trouble whose message is all that a person needs to see. */
export class SetUpError extends Error {}

/** The text of a file, or nothing when it can not be read. */
function readText(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function readJson(path) {
  try {
    return JSON.parse(readText(path));
  } catch {
    return undefined;
  }
}

/**
 * True when npm's own record in node_modules agrees with the lock: then somebody ran `npm ci` by hand
 * and installing again would be a waste. Optional packages may be absent (other platforms).
 */
function installedMatchesLock(folder) {
  const lock = readJson(join(folder, 'package-lock.json'))?.packages;
  const installed = readJson(join(folder, 'node_modules/.package-lock.json'))?.packages;
  if (!lock || !installed) return false;
  for (const [path, wanted] of Object.entries(lock)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined) {
      if (wanted.optional || wanted.devOptional || wanted.peer) continue;
      return false;
    }
    if (found.version !== wanted.version || found.integrity !== wanted.integrity) return false;
    if (!existsSync(join(folder, path, 'package.json'))) return false;
  }
  return Object.keys(installed).every((path) => lock[path] !== undefined);
}

function stampPath(folder) {
  return join(folder, 'node_modules/.clew-installed');
}

function writeStamp(folder, digest) {
  try {
    writeFileSync(stampPath(folder), `${digest}\n`);
  } catch {
    // A read-only installation is fine: it is checked again next time.
  }
}

/** True when nothing is left to install; costs one hash of the lock file. */
export function isInstalled(folder = PROJECT) {
  const lockPath = join(folder, 'package-lock.json');
  if (!existsSync(lockPath)) return existsSync(join(folder, 'node_modules/.package-lock.json'));
  const digest = createHash('sha256').update(readFileSync(lockPath)).digest('hex');
  if (readText(stampPath(folder)) === digest) {
    // bin/clew compares the two files' times, so a lock that was only touched is stamped again.
    if (statSync(lockPath).mtimeMs > statSync(stampPath(folder)).mtimeMs)
      writeStamp(folder, digest);
    return true;
  }
  if (!installedMatchesLock(folder)) return false;
  writeStamp(folder, digest);
  return true;
}

function sleep(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while no other set-up of the same folder runs: two at once would tear at it. */
function withLock(folder, work) {
  const lock = join(folder, '.clew-install.tmp');
  for (let said = false; ; ) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') {
        throw new SetUpError(`Clew can not write to its folder ${folder}: ${error.message}`);
      }
    }
    const holder = Number(readText(lock));
    // An empty file is a lock that is being written just now, or was not for want of space.
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (holder > 0 ? !isRunning(holder) : age > 5000) {
      // Left by a set-up that was killed.
      rmSync(lock, { force: true });
      continue;
    }
    if (!said) process.stderr.write('Waiting for another set-up of Clew to end…\n');
    said = true;
    sleep(500);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * How npm is to install. `npm ci` takes a lock only when it lists the packages of all platforms; one made
 * where the registry has only some of them does not. Then `npm install` takes what is listed at the version
 * and digest of the lock, and what is not (for another platform) by its version in the package that wants it.
 */
function installVerb(folder) {
  const packages = readJson(join(folder, 'package-lock.json'))?.packages;
  if (packages === undefined) return ['install'];
  const isWhole = Object.values(packages).every((each) =>
    Object.keys(each.optionalDependencies ?? {}).every(
      (name) => packages[`node_modules/${name}`] !== undefined,
    ),
  );
  return isWhole ? ['ci'] : ['install', '--no-save'];
}

function npmCommand() {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js') && existsSync(script)) return [process.execPath, script];
  return ['npm'];
}

/**
 * Installs the dependencies when they are missing or the lock file changed since.
 *
 * @param {{ quiet?: boolean }} options quiet: what npm prints goes to stderr, for callers whose stdout is a result
 */
export function ensureInstalled({ quiet = false, folder = PROJECT } = {}) {
  if (isInstalled(folder)) return;
  withLock(folder, () => {
    if (isInstalled(folder)) return;
    const verb = installVerb(folder);
    const [program, ...before] = npmCommand();
    process.stderr.write(`Setting up Clew: npm ${verb[0]} (about a gigabyte, once)…\n`);
    const done = spawnSync(program, [...before, ...verb, ...NPM_OPTIONS], {
      cwd: folder,
      // Tests and types need the development packages whatever NODE_ENV says.
      env: { ...process.env, NODE_ENV: 'development' },
      stdio: ['ignore', quiet ? 2 : 'inherit', 'inherit'],
    });
    if (done.error?.code === 'ENOENT') {
      throw new SetUpError('npm was not found. Clew needs Node 20 or newer with npm, and git.');
    }
    if (done.error) throw new SetUpError(`npm could not be started: ${done.error.message}`);
    if (done.signal) throw new SetUpError(`The set-up was stopped (${done.signal}).`);
    if (done.status !== 0) {
      throw new SetUpError(
        `npm ${verb[0]} failed with exit code ${done.status}. Its last lines above say why; ` +
          'most often the network or the disk. Run the same command again when that is mended.',
      );
    }
    const lock = join(folder, 'package-lock.json');
    if (existsSync(lock))
      writeStamp(folder, createHash('sha256').update(readFileSync(lock)).digest('hex'));
  });
}

/** npm packages that carry the Node binary; Apple silicon has another name than the rest. */
function nodePackages() {
  const platform = `${process.platform}-${process.arch}`;
  return [`node-${platform}`, `node-bin-${platform}`];
}

/**
 * The Node binary to run Clew with: the one that npm installed, else the running one when new enough.
 *
 * @throws {SetUpError} when there is neither
 */
export function findNode(folder = PROJECT) {
  for (const name of nodePackages()) {
    const path = join(folder, 'node_modules', name, 'bin/node');
    if (existsSync(path)) return path;
  }
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  throw new SetUpError(
    `Clew needs Node ${NODE_MAJOR} or newer; this is Node ${process.versions.node}, and npm has no ` +
      `ready-made Node for ${process.platform}-${process.arch} here. Install Node ${NODE_MAJOR} and try again.`,
  );
}
