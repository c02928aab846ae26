import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of all stores and of the client's key. */
export const STORE_PASSWORD = 'store-secret';

/** What a broker and its clients need for TLS: files of a folder. */
export interface Certificates {
  /** PKCS12 with the broker's key; its certificate is for the name `localhost` alone. */
  readonly brokerStore: string;
  /** PEM of the authority that has signed the certificates of broker and client. */
  readonly authority: string;
  /** PEM with certificate and key of a client. */
  readonly client: string;
  /** The same, with the key under {@link STORE_PASSWORD}. */
  readonly clientEncrypted: string;
}

/** Why certificates cannot be made on this machine; null where they can. */
export function certificatesMissing(): string | null {
  return spawnSync('openssl', ['version']).status === 0 ? null : 'there is no openssl';
}

/**
 * Makes an authority and what it signs, with the tools that the documentation names: keytool and openssl.
 * @param folder made if it is not there
 */
export async function makeCertificates(folder: string): Promise<Certificates> {
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  const store = file('all.p12');
  const keytool = (...args: readonly string[]): Promise<unknown> =>
    run('keytool', ['-J-XX:TieredStopAtLevel=1', '-J-Xmx64m', ...args, '-storepass', STORE_PASSWORD]);
  const generate = (alias: string, ...more: readonly string[]): Promise<unknown> =>
    keytool('-genkeypair', '-keystore', store, '-keyalg', 'EC', '-alias', alias, '-dname', `CN=${alias}`, ...more);
  const exportKey = async (alias: string): Promise<string> => {
    const path = file(`${alias}.p12`);
    await run('keytool', [
      ...['-J-XX:TieredStopAtLevel=1', '-importkeystore', '-srckeystore', store, '-srcalias', alias],
      ...['-srcstorepass', STORE_PASSWORD, '-destkeystore', path, '-deststorepass', STORE_PASSWORD],
    ]);
    return path;
  };
  const pem = async (from: string, name: string, ...more: readonly string[]): Promise<string> => {
    const path = file(name);
    await run('openssl', ['pkcs12', '-in', from, '-passin', `pass:${STORE_PASSWORD}`, '-out', path, ...more]);
    return path;
  };

  await generate('authority', '-ext', 'bc:c');
  await generate('broker', '-signer', 'authority', '-ext', 'san=dns:localhost');
  await generate('client', '-signer', 'authority');
  const authority = file('authority.pem');
  const [brokerStore, clientStore] = await Promise.all([
    exportKey('broker'),
    exportKey('client'),
    keytool('-exportcert', '-rfc', '-keystore', store, '-alias', 'authority', '-file', authority),
  ]);
  const [client, clientEncrypted] = await Promise.all([
    pem(clientStore, 'client.pem', '-nodes'),
    pem(clientStore, 'client-encrypted.pem', '-passout', `pass:${STORE_PASSWORD}`),
  ]);
  return { brokerStore, authority, client, clientEncrypted };
}
