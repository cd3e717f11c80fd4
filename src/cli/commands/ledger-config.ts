import { defineCommand } from '../command.ts';

export const ledgerConfigCommand = defineCommand({
  name: 'ledger config',
  about:
    'Prints what ClickHouse servers need for a ledger: the configuration by which the shards of a file know ' +
    'each other, or the statements that make the database, its users and their least rights.',
  positionals: {
    ledger: {
      kind: 'text',
      value: 'URL|FILE',
      help: 'the server (http://host:8123/database), or the file that names the shards',
    },
  },
  options: {
    rights: { kind: 'flag', help: 'print the statements instead, for every server' },
    tcpPort: {
      kind: 'count',
      value: 'PORT',
      min: 1,
      max: 65_535,
      default: 9000,
      help: 'port of the protocol by which servers ask each other; 9440 with TLS',
    },
    root: {
      kind: 'choice',
      value: 'NAME',
      choices: ['clickhouse', 'yandex'],
      default: 'clickhouse',
      help: 'outermost element, as in their config.xml: yandex before version 21.11',
    },
  },
  examples: [
    'clew ledger config shards.json > /etc/clickhouse-server/config.d/clew.xml',
    'clew ledger config shards.json --rights',
  ],
  notes: [
    'The servers take the password by which they ask each other from CLEW_LEDGER_PASSWORD in their own environment.',
    'docs/operating/cluster.md has the whole plan.',
  ],
  access: 'none',
  async run({ ledger, rights, tcpPort, root }, { stdout, workingFolder }) {
    const { clusterConfig, rightsSql } = await import('../../ledger/cluster-config.ts');
    const { readLedgerServers } = await import('../../ledger/ledger-servers.ts');
    const servers = readLedgerServers(ledger, workingFolder, process.env);
    const isOld = root === 'yandex';
    await stdout.write(
      rights
        ? rightsSql(servers)
        : clusterConfig(servers, { tcpPort, root: isOld ? 'yandex' : 'clickhouse' }),
    );
  },
});
