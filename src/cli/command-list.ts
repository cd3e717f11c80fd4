/**
 * All commands. Each is loaded only when it is called, so that the others cost nothing at start.
 */
import type { Command } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandEntry[];
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: 'Getting data in',
    commands: [
      {
        name: 'simulate',
        summary: 'make an economy of which everything is known, to learn and to test',
        load: async () => (await import('./commands/simulate.ts')).simulateCommand as Command,
      },
      {
        name: 'index',
        summary: 'read block files into the ledger and cluster what is there',
        load: async () => (await import('./commands/index-blocks.ts')).indexCommand as Command,
      },
      {
        name: 'follow',
        summary: 'read blocks from a node, and keep up with it',
        load: async () => (await import('./commands/follow.ts')).followCommand as Command,
      },
      {
        name: 'tags import',
        summary: 'import what sources say about addresses',
        load: async () => (await import('./commands/tags-import.ts')).tagsImportCommand as Command,
      },
      {
        name: 'prices import',
        summary: 'import daily prices, for values in money of states',
        load: async () =>
          (await import('./commands/prices-import.ts')).pricesImportCommand as Command,
      },
      {
        name: 'prices withdraw',
        summary: 'use a source of prices no longer',
        load: async () =>
          (await import('./commands/prices-withdraw.ts')).pricesWithdrawCommand as Command,
      },
    ],
  },
  {
    title: 'Looking things up',
    commands: [
      {
        name: 'status',
        summary: 'what has been indexed',
        load: async () => (await import('./commands/status.ts')).statusCommand as Command,
      },
      {
        name: 'check',
        summary: 'prove that the ledger is right, from its blocks to its counters',
        load: async () => (await import('./commands/check.ts')).checkCommand as Command,
      },
      {
        name: 'tx',
        summary: 'one transaction',
        load: async () => (await import('./commands/tx.ts')).txCommand as Command,
      },
      {
        name: 'address',
        summary: 'one address with its history',
        load: async () => (await import('./commands/address.ts')).addressCommand as Command,
      },
      {
        name: 'cluster',
        summary: 'the cluster of an address',
        load: async () => (await import('./commands/cluster.ts')).clusterCommand as Command,
      },
      {
        name: 'why',
        summary: 'why two addresses are in one cluster',
        load: async () => (await import('./commands/why.ts')).whyCommand as Command,
      },
      {
        name: 'prices list',
        summary: 'sources of prices, with their days and gaps',
        load: async () => (await import('./commands/prices-list.ts')).pricesListCommand as Command,
      },
      {
        name: 'prices check',
        summary: 'missing days, and days on which sources disagree',
        load: async () =>
          (await import('./commands/prices-check.ts')).pricesCheckCommand as Command,
      },
      {
        name: 'prices at',
        summary: 'the rate of a day, and whose it is',
        load: async () => (await import('./commands/prices-at.ts')).pricesAtCommand as Command,
      },
    ],
  },
  {
    title: 'Asking servers elsewhere',
    commands: [
      {
        name: 'ledger config',
        summary: 'what ClickHouse servers need for a ledger: cluster, users and rights',
        load: async () =>
          (await import('./commands/ledger-config.ts')).ledgerConfigCommand as Command,
      },
      {
        name: 'esplora consents',
        summary: 'servers that somebody agreed to ask',
        load: async () =>
          (await import('./commands/esplora-consents.ts')).esploraConsentsCommand as Command,
      },
      {
        name: 'esplora forget',
        summary: 'take back the consent to ask a server',
        load: async () =>
          (await import('./commands/esplora-forget.ts')).esploraForgetCommand as Command,
      },
    ],
  },
  {
    title: 'Following the money',
    commands: [
      {
        name: 'investigate',
        summary: 'from a seed set to a report: payers, cash-outs, what to ask whom',
        load: async () => (await import('./commands/investigate.ts')).investigateCommand as Command,
      },
      {
        name: 'trace',
        summary: 'follow coins forward or backward from an address or an output',
        load: async () => (await import('./commands/trace.ts')).traceCommand as Command,
      },
    ],
  },
  {
    title: 'Seeing it in the browser',
    commands: [
      {
        name: 'start',
        summary:
          'everything at once: index, investigate and show, with a sample when nothing is given',
        load: async () => (await import('./commands/start.ts')).startCommand as Command,
      },
      {
        name: 'serve',
        summary: 'show reports, transactions, addresses and clusters on this machine',
        load: async () => (await import('./commands/serve.ts')).serveCommand as Command,
      },
    ],
  },
];
