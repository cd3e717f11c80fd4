/**
 * Inside the process that holds the data folder: runs the command lines that other processes send
 * over the local socket, on the data that is open here.
 */
import { listenLocally, localSocketPath } from '../api/local-socket.ts';
import { ClewError } from '../errors.ts';
import { readLedgerServers } from '../ledger/ledger-servers.ts';
import { rememberedLedger } from '../ledger/ledger-setting.ts';
import type { DataFolder } from './data-folder.ts';
import type { DataLock } from './data-lock.ts';
import { type HeldData, type Host, runCommandLine } from './run-command-line.ts';

/**
 * @param shared what is open here
 * @param host of the serving process, for its clock
 * @param url where the pages are
 * @returns a function that stops answering
 */
export async function answerOthers(
  shared: Pick<HeldData, 'data' | 'session'>,
  lock: DataLock,
  host: Host,
  url: string,
): Promise<() => Promise<void>> {
  const path = localSocketPath(shared.data.path);
  const socket = await listenLocally(path, (request, output, signal) => {
    const guest: Host = {
      ...output,
      terminal: request.terminal,
      clock: host.clock,
      signal,
      workingFolder: request.workingFolder,
      commands: host.commands,
      debug: false,
      // Whoever found this socket found it through the lock in this data folder.
      async openData(_path, wanted) {
        if (wanted.access === 'host')
          throw new Error('a command that holds the folder was sent here');
        requireSameLedger(shared.data, wanted.ledger, request.workingFolder);
        if (wanted.access === 'read') return { ...shared, answerOthers: refuse, close: () => {} };
        // Commands that change the data wait for each other; readers do not wait.
        const finish = await shared.session.writeTurns.take();
        if (signal.aborted) {
          finish();
          throw new ClewError('CLEW_INTERRUPTED', 'Stopped before it began.');
        }
        return { ...shared, answerOthers: refuse, close: finish };
      },
    };
    return runCommandLine(request.argv, guest);
  });
  lock.publish({ socket: path, url });
  return () => socket.close();
}

/** A guest is answered from what is open here. @throws {ClewError} CLEW_DATA_BUSY when it means another ledger */
function requireSameLedger(
  data: DataFolder,
  ledger: string | undefined,
  workingFolder: string,
): void {
  if (ledger === undefined) return;
  const { name } = readLedgerServers(ledger, workingFolder, {});
  const isOpen = data
    .networks()
    .some((network) => rememberedLedger(data.networkFolders(network).ledger) === name);
  if (isOpen) return;
  throw new ClewError(
    'CLEW_DATA_BUSY',
    'The process that holds this data folder has another ledger open than --ledger names.',
    { path: data.path },
  );
}

function refuse(): never {
  throw new Error('only the process that holds the data folder answers others');
}
