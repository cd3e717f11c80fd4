/** What an operator gives ClickHouse servers for a ledger: the cluster, the database, users and their rights. */
import type { LedgerServers } from './ledger-servers.ts';
import { PASSWORD_VARIABLE } from './ledger-servers.ts';

export interface ClusterConfigOptions {
  /** Port of the servers' own protocol, over which they ask each other. */
  readonly tcpPort: number;
  /** `yandex` before version 21.11. */
  readonly root: 'clickhouse' | 'yandex';
}

/**
 * The file that makes the servers know each other: the same on each, as `config.d/clew.xml` beside `config.xml`.
 *
 * Shards whose URL begins with https ask each other over TLS too. The password comes from the environment of the servers.
 *
 * @example clusterConfig(servers, { tcpPort: 9000, root: 'clickhouse' })
 */
export function clusterConfig(servers: LedgerServers, options: ClusterConfigOptions): string {
  const { cluster = 'clew', urls, user } = servers;
  const as =
    user === undefined
      ? ''
      : `
          <user>${xml(user)}</user>
          <password from_env="${PASSWORD_VARIABLE}"/>`;
  const shards = urls.map((text, i) => {
    const url = new URL(text);
    const secure = url.protocol === 'https:' ? '\n          <secure>1</secure>' : '';
    // Names of version 6 stand in brackets in URLs alone.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return `      <!-- shard ${i + 1} -->
      <shard>
        <internal_replication>true</internal_replication>
        <replica>
          <host>${xml(host)}</host>
          <port>${options.tcpPort}</port>${secure}${as}
        </replica>
      </shard>`;
  });
  return `<${options.root}>
  <remote_servers>
    <${cluster}>
${shards.join('\n')}
    </${cluster}>
  </remote_servers>
</${options.root}>
`;
}

/**
 * The least rights, as SQL for current versions; version 18.16 has `readonly` and `allow_databases` of `users.xml` instead.
 *
 * To be run on every server of a cluster.
 */
export function rightsSql({ database, user = 'clew', cluster }: LedgerServers): string {
  const writer = quoted(user);
  const reader = quoted(`${user}_reader`);
  const onDatabase = `${quoted(database)}.*`;
  const distributed =
    cluster === undefined
      ? ''
      : `-- Distributed tables reach the other shards.
GRANT REMOTE ON *.* TO ${writer};
`;
  return `CREATE DATABASE IF NOT EXISTS ${quoted(database)};

-- Whoever indexes.
CREATE USER IF NOT EXISTS ${writer} IDENTIFIED BY '...';
GRANT SELECT, INSERT, CREATE TABLE, TRUNCATE, ALTER DELETE ON ${onDatabase} TO ${writer};
GRANT SELECT ON system.databases TO ${writer};
GRANT SELECT ON system.tables TO ${writer};
GRANT SELECT ON system.clusters TO ${writer};
GRANT SELECT ON system.mutations TO ${writer};
GRANT SELECT ON system.processes TO ${writer};
${distributed}
-- Whoever only reads. "readonly = 2": it may say how numbers are to be written, and change nothing.
CREATE USER IF NOT EXISTS ${reader} IDENTIFIED BY '...' SETTINGS readonly = 2;
GRANT SELECT ON ${onDatabase} TO ${reader};
GRANT SELECT ON system.databases TO ${reader};
GRANT SELECT ON system.tables TO ${reader};
GRANT SELECT ON system.clusters TO ${reader};
`;
}

function quoted(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
