import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterConnection, processingGuarantee, streamThreads } from '../../../src/engine/cluster-settings.js';
import { Settings } from '../../../src/engine/settings.js';

/** Signed by itself, for the year 2126. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUdoXDrTMdvODDVOSpFGmBxZfBlpYwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2MTEyODA4MzAzOFoYDzIxMjYxMTA0MDgz
MDM4WjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATz50+s3ppEV3S6G5VUwZeBEAOaLVaRsPKNyjn2FXIsKVwBHCVCy2BKxrfwSDc+
JePC1umX1gd134tdlz2MtbcIo1MwUTAdBgNVHQ4EFgQURAQRxo0vGYOoDpgP2Es2
OM3/3RcwHwYDVR0jBBgwFoAURAQRxo0vGYOoDpgP2Es2OM3/3RcwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAzrd1OOmp0IX838X5EqXvdjetx5tD
VKsr0AIeRi/JLm0CIEhpddSjZEjM3sB2Og86nwHS3b1PBItBWwgjIGsfC9Jx
-----END CERTIFICATE-----
`;
/** Its key, under the password `p`. */
const KEY = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAilXpCqYJIn+QICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEx8NUpJqlNo37UhnsPrp0EEgZAb
p6Rpuc+xxhHEBrXJ6sOrfW6wZQwhI51LMcE3rH+yGNNUnZAMkazAEPhNgtVnMnjT
1xvTQulh6q3yN4PxYY/lBYpHs/6e14+ZMav9E7xrpOg34c7Qp/DwwZQTOJxOOd1d
2/wII90RnJdtWLbwys/BqrdbYVsU6etshcx11Z1lwyJB1PxlNTETOUiU3YWQkBc=
-----END ENCRYPTED PRIVATE KEY-----
`;

const BROKERS = { 'bootstrap.servers': 'a:1, b:2,' };
const JAAS = 'sasl.jaas.config';
const connection = (settings: Record<string, string>) => clusterConnection(new Settings(settings), 'us');

describe('the connection to brokers', () => {
  it('is plain unless something else is said', () => {
    expect(connection(BROKERS)).toEqual({ bootstrapServers: ['a:1', 'b:2'], clientId: 'us' });
  });

  it.each([
    ['PLAINTEXT', false, false],
    ['SSL', true, false],
    ['SASL_PLAINTEXT', false, true],
    ['sasl_ssl', true, true],
  ])('by %s has TLS: %s, a password: %s', (protocol, tls, sasl) => {
    const found = connection({ ...BROKERS, 'security.protocol': protocol, [JAAS]: 'username=u password=p' });
    expect(found.ssl !== undefined).toBe(tls);
    expect(found.sasl !== undefined).toBe(sasl);
  });

  it.each(['', 'TLS', 'SASL'])('by %j is refused', (protocol) => {
    expect(() => connection({ ...BROKERS, 'security.protocol': protocol })).toThrow(
      expect.objectContaining({ code: 'invalid-setting', message: expect.stringContaining('SASL_PLAINTEXT') }),
    );
  });

  const SASL = { ...BROKERS, 'security.protocol': 'SASL_PLAINTEXT' };

  it.each([
    ['PLAIN', 'plain'],
    ['SCRAM-SHA-256', 'scram-sha-256'],
    ['scram-sha-512', 'scram-sha-512'],
  ])('by %s is %s', (said, mechanism) => {
    const found = connection({ ...SASL, 'sasl.mechanism': said, [JAAS]: 'username=u password=p' });
    expect(found.sasl!.mechanism).toBe(mechanism);
  });

  it.each(['GSSAPI', 'OAUTHBEARER'])('by %s is refused', (said) => {
    const settings = { ...SASL, 'sasl.mechanism': said, [JAAS]: 'username=u password=p' };
    expect(() => connection(settings)).toThrow(expect.objectContaining({ code: 'invalid-setting' }));
  });

  const MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule required';

  it.each([
    [`${MODULE} username="u" password="p";`, 'u', 'p'],
    [`${MODULE} username='u' password='p';`, 'u', 'p'],
    [`${MODULE} username=u password=p;`, 'u', 'p'],
    [`${MODULE} password = "p" username = "u" ;`, 'u', 'p'],
    [`${MODULE}\n  username="u"\n  password="a b;c=d";`, 'u', 'a b;c=d'],
    [`${MODULE} username="u" password="it's";`, 'u', "it's"],
    [`${MODULE} username="u" password="say \\"a\\\\b\\"";`, 'u', 'say "a\\b"'],
    [`${MODULE} username="password=x" password="p";`, 'password=x', 'p'],
    [`${MODULE} username="u" password="";`, 'u', ''],
    ['username=u password=p', 'u', 'p'],
  ])('takes user and password from %s', (config, username, password) => {
    expect(connection({ ...SASL, [JAAS]: config }).sasl).toEqual({ mechanism: 'plain', username, password });
  });

  it.each([
    `${MODULE};`,
    `${MODULE} username="u";`,
    `${MODULE} password="secret";`,
    `${MODULE} my_username=u password=secret;`,
  ])('is refused without user or password, and the password is not told: %s', (config) => {
    const refused = expect.objectContaining({
      code: 'invalid-setting',
      message: expect.not.stringContaining('secret'),
    });
    expect(() => connection({ ...SASL, [JAAS]: config })).toThrow(refused);
  });

  it('is refused when nothing is said of user and password', () => {
    expect(() => connection(SASL)).toThrow(expect.objectContaining({ message: expect.stringContaining('unset') }));
  });

  describe('with TLS', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'stores-'));
      writeFileSync(join(folder, 'trust.pem'), CERTIFICATE);
      writeFileSync(join(folder, 'key.pem'), CERTIFICATE + KEY);
      writeFileSync(join(folder, 'store.jks'), Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const tls = (settings: Record<string, string>) =>
      connection({ ...BROKERS, 'security.protocol': 'SSL', ...settings });

    it('trusts what Node trusts unless something else is said', () => {
      expect(tls({}).ssl).toEqual({});
    });

    it('takes certificates and keys from PEM files', () => {
      const { ssl } = tls({
        'ssl.truststore.location': join(folder, 'trust.pem'),
        'ssl.keystore.location': join(folder, 'key.pem'),
        'ssl.key.password': 'p',
      });
      expect(ssl).toEqual({
        ca: CERTIFICATE,
        cert: expect.stringContaining('CERTIFICATE'),
        key: expect.stringContaining('PRIVATE KEY'),
        passphrase: 'p',
      });
    });

    it.each([
      ['the password is wrong', 'key.pem', { 'ssl.key.password': 'guess' }, 'bad decrypt'],
      ['the password is missing', 'key.pem', {}, 'bad decrypt'],
      ['there is no key', 'trust.pem', {}, 'unsupported'],
    ])('refuses a key that cannot be used: %s', (_, file, more, reason) => {
      const settings = { 'ssl.keystore.location': join(folder, file), ...more };
      expect(() => tls(settings)).toThrow(
        expect.objectContaining({
          code: 'invalid-setting',
          message: expect.stringMatching(
            new RegExp(`^(?!.*guess).*ssl.keystore.location.*ssl.key.password.*${reason}`),
          ),
        }),
      );
    });

    it.each([
      'ssl.truststore.location',
      'ssl.keystore.location',
    ])('refuses Java stores in %s, and says what to do', (name) => {
      expect(() => tls({ [name]: join(folder, 'store.jks') })).toThrow(
        expect.objectContaining({
          code: 'invalid-setting',
          message: expect.stringMatching(new RegExp(`${name}.*openssl`)),
        }),
      );
    });

    it('refuses files that are not there', () => {
      expect(() => tls({ 'ssl.truststore.location': join(folder, 'no.pem') })).toThrow(
        expect.objectContaining({ code: 'invalid-setting', message: expect.stringContaining('ENOENT') }),
      );
    });

    it('asks for no file when it is not wanted', () => {
      expect(connection({ ...BROKERS, 'ssl.truststore.location': join(folder, 'no.pem') }).ssl).toBeUndefined();
    });
  });
});

describe('the processing guarantee', () => {
  it.each([
    ['exactly_once_v2', 'exactly_once_v2'],
    ['exactly_once', 'exactly_once_v2'],
    ['exactly_once_beta', 'exactly_once_v2'],
    ['AT_LEAST_ONCE', 'at_least_once'],
  ])('%s is %s', (said, guarantee) => {
    expect(processingGuarantee(new Settings({ 'processing.guarantee': said }))).toBe(guarantee);
  });

  it('is exactly once by default, and never something unknown', () => {
    expect(processingGuarantee(new Settings())).toBe('exactly_once_v2');
    expect(() => processingGuarantee(new Settings({ 'processing.guarantee': 'at_most_once' }))).toThrow(
      expect.objectContaining({ code: 'invalid-setting' }),
    );
  });
});

describe('stream threads', () => {
  it('are as many as was said, and one at least', () => {
    expect(streamThreads(new Settings({ 'num.stream.threads': '3' }))).toBe(3);
    expect(streamThreads(new Settings())).toBeGreaterThanOrEqual(1);
  });
});
