/**
 * Real ClickHouse servers on free ports of this machine, each with its own folder: one, or the shards of a cluster.
 *
 * `npm run services` installs Debian's clickhouse-server (18.16); `CLEW_CLICKHOUSE` may name another version's program.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePorts } from './free-ports.ts';
import { findProgram, ServiceProcess, skipForMissing } from './service-process.ts';

const START_TRIES = 3;

export interface ClickhouseUser {
  readonly name: string;
  /** Without one anybody on this machine may be this user. */
  readonly password?: string;
  /** 0 writes (the default), 1 only reads, 2 only reads but may change settings for its own queries. */
  readonly readonly?: 0 | 1 | 2;
  /** The only databases that it sees; all when left out. */
  readonly databases?: readonly string[];
}

export interface ClickhouseOptions {
  /** How many servers; each is a shard of the cluster. 1 unless told. */
  readonly count?: number;
  /** Name of the cluster in `remote_servers`; "clew" unless told. */
  readonly cluster?: string;
  /** Besides `default`, who has no password and may do anything (Distributed tables connect as that). */
  readonly users?: readonly ClickhouseUser[];
  /** No `default` user without password: then Distributed tables connect as the first of `users`. */
  readonly withoutDefaultUser?: boolean;
  /** Files in PEM form: HTTPS is served beside HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Memory that one query may use. */
  readonly queryMemoryBytes?: number;
}

/** The program of a ClickHouse server; undefined when it is not installed. */
export function findClickhouse(): string | undefined {
  return (
    process.env['CLEW_CLICKHOUSE'] ??
    findProgram(['clickhouse-server', 'clickhouse'], ['/usr/sbin', '/usr/bin', '/usr/local/bin'])
  );
}

/** Whether the test can have servers; skips it loudly when not. */
export function hasClickhouse(t: TestContext): boolean {
  if (findClickhouse() !== undefined) return true;
  skipForMissing(t, 'clickhouse-server');
  return false;
}

interface Ports {
  readonly http: number;
  readonly tcp: number;
  readonly https: number;
}

/** One server. */
export class ClickhouseServer {
  readonly folder: string;
  readonly ports: Ports;
  readonly process: ServiceProcess;

  constructor(folder: string, ports: Ports, program: string, name: string) {
    this.folder = folder;
    this.ports = ports;
    this.process = new ServiceProcess({
      name,
      program,
      args: [
        // Current versions are one program with subcommands.
        ...(basename(program) === 'clickhouse' ? ['server'] : []),
        `--config-file=${join(folder, 'config.xml')}`,
      ],
      folder,
      logFile: join(folder, 'server.log'),
      isReady: async () => (await (await fetch(`${this.url}/ping`)).text()).startsWith('Ok'),
    });
  }

  /** `http://127.0.0.1:port` */
  get url(): string {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  get httpsUrl(): string {
    return `https://127.0.0.1:${this.ports.https}`;
  }

  /** Starts it again on the same folder and ports. */
  start(): Promise<void> {
    return this.process.start();
  }

  /** Ends it in order: it waits for open connections, two to four seconds. `kill` takes 10 ms. */
  stop(): Promise<void> {
    return this.process.stop();
  }

  /** Ends it at once, as a loss of power would. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /**
   * Asks it something without Clew's help; the answer as text, tab-separated unless the question says otherwise.
   *
   * @throws Error with the server's words
   */
  async query(sql: string, user = 'default', password = ''): Promise<string> {
    const response = await fetch(this.url, {
      method: 'POST',
      body: sql,
      headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`ClickHouse ${response.status}: ${text.trim()}`);
    return text.trimEnd();
  }
}

/** The servers of one test file: start them once, and close them in `after`. */
export interface ClickhouseServers {
  readonly folder: string;
  readonly cluster: string;
  readonly servers: readonly ClickhouseServer[];
  /** Ends all and removes their folders. */
  close(): Promise<void>;
}

/**
 * Starts servers and waits until all answer (0.3 s for one, 0.5 s for two, measured on 2 cores).
 *
 * @throws Error with the end of the log of the server that failed
 */
export async function startClickhouse(options: ClickhouseOptions = {}): Promise<ClickhouseServers> {
  const program = findClickhouse();
  if (program === undefined) throw new Error('clickhouse-server is missing: npm run services');
  const { count = 1, cluster = 'clew' } = options;
  for (let tries = 1; ; tries++) {
    const folder = mkdtempSync(join(tmpdir(), 'clew-clickhouse-'));
    const servers = await makeServers(folder, program, count, cluster, options);
    const close = async () => {
      // Killed, not stopped: their folders go with them, and stopping takes them two seconds.
      await Promise.all(servers.map((server) => server.kill()));
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    };
    const started = await Promise.allSettled(servers.map((server) => server.start()));
    const failed = started.find((each) => each.status === 'rejected');
    if (failed === undefined) return { folder, cluster, servers, close };
    await close();
    // Somebody else may have taken a port between our asking for it and the server's.
    if (tries === START_TRIES || !/Address already in use/.test(String(failed.reason)))
      throw failed.reason;
  }
}

async function makeServers(
  folder: string,
  program: string,
  count: number,
  cluster: string,
  options: ClickhouseOptions,
): Promise<ClickhouseServer[]> {
  const numbers = await freePorts(count * 3);
  const ports = Array.from({ length: count }, (_, each) => ({
    http: numbers[each * 3]!,
    tcp: numbers[each * 3 + 1]!,
    https: numbers[each * 3 + 2]!,
  }));
  return ports.map((own, each) => {
    const home = join(folder, `server${each + 1}`);
    for (const name of ['data', 'tmp', 'user_files', 'format_schemas'])
      mkdirSync(join(home, name), { recursive: true });
    writeFileSync(join(home, 'config.xml'), configXml(home, own, ports, cluster, options));
    writeFileSync(join(home, 'users.xml'), usersXml(options));
    return new ClickhouseServer(home, own, program, `ClickHouse server ${each + 1}`);
  });
}

function configXml(
  home: string,
  own: Ports,
  all: readonly Ports[],
  cluster: string,
  options: ClickhouseOptions,
): string {
  const { tls, users = [], withoutDefaultUser = false } = options;
  const inner = withoutDefaultUser ? users[0] : undefined;
  const as = inner
    ? `<user>${xml(inner.name)}</user><password>${xml(inner.password ?? '')}</password>`
    : '';
  const shards = all.map(
    ({ tcp }) => `
      <shard><internal_replication>true</internal_replication>
        <replica><host>127.0.0.1</host><port>${tcp}</port>${as}</replica></shard>`,
  );
  const secure = tls
    ? `<https_port>${own.https}</https_port>
  <openSSL><server>
    <certificateFile>${xml(tls.certificate)}</certificateFile>
    <privateKeyFile>${xml(tls.key)}</privateKeyFile>
    <verificationMode>none</verificationMode><loadDefaultCAFile>false</loadDefaultCAFile>
  </server></openSSL>`
    : '';
  return `<?xml version="1.0"?>
<yandex>
  <logger>
    <level>information</level>
    <log>${xml(home)}/server.log</log><errorlog>${xml(home)}/errors.log</errorlog>
    <size>20M</size><count>1</count>
  </logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${own.http}</http_port>
  <tcp_port>${own.tcp}</tcp_port>
  ${secure}
  <max_connections>256</max_connections>
  <keep_alive_timeout>3</keep_alive_timeout>
  <max_concurrent_queries>100</max_concurrent_queries>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <mark_cache_size>67108864</mark_cache_size>
  <path>${xml(home)}/data/</path>
  <tmp_path>${xml(home)}/tmp/</tmp_path>
  <user_files_path>${xml(home)}/user_files/</user_files_path>
  <format_schema_path>${xml(home)}/format_schemas/</format_schema_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <timezone>UTC</timezone>
  <mlock_executable>false</mlock_executable>
  <remote_servers><${cluster}>${shards.join('')}
  </${cluster}></remote_servers>
</yandex>
`;
}

function usersXml(options: ClickhouseOptions): string {
  const { users = [], withoutDefaultUser = false, queryMemoryBytes = 1_500_000_000 } = options;
  const all: readonly ClickhouseUser[] = withoutDefaultUser
    ? users
    : [{ name: 'default' }, ...users];
  const entries = all.map(({ name, password = '', readonly = 0, databases }) => {
    const allowed = databases?.map((each) => `<database>${xml(each)}</database>`).join('');
    return `<${name}>
      <password>${xml(password)}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>${['default', 'reads', 'reads_and_sets'][readonly]}</profile>
      <quota>default</quota>
      ${allowed === undefined ? '' : `<allow_databases>${allowed}</allow_databases>`}
    </${name}>`;
  });
  const common = `<max_memory_usage>${queryMemoryBytes}</max_memory_usage>
      <background_pool_size>2</background_pool_size>`;
  return `<?xml version="1.0"?>
<yandex>
  <profiles>
    <default>${common}</default>
    <reads>${common}<readonly>1</readonly></reads>
    <reads_and_sets>${common}<readonly>2</readonly></reads_and_sets>
  </profiles>
  <users>
    ${entries.join('\n    ')}
  </users>
  <quotas><default></default></quotas>
</yandex>
`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
