import { describe, expect, it } from 'vitest';
import { REGISTRY_SETTINGS, registryOptions } from '../../../../src/formats/schema-registry/registry-settings.js';

const PEM = '-----BEGIN CERTIFICATE-----\n';

const options = (settings: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) =>
  registryOptions(
    (name) => settings[name] ?? null,
    (path) => {
      if (files[path] === undefined) throw new Error('ENOENT');
      return files[path];
    },
  );

describe('the settings of a registry', () => {
  it('are none without an address', () => {
    expect(options({})).toBeNull();
    expect(options({ url: ' , ' })).toBeNull();
  });

  it('have defaults', () => {
    expect(options({ url: 'http://a:8081/' })).toEqual({
      endpoints: [{ url: 'http://a:8081', authorization: null }],
      tls: { ca: null, cert: null, key: null, passphrase: null, checksHost: true },
      requestTimeoutMs: 10_000,
      retriesMax: 3,
      retryWaitMs: 100,
      retryWaitMaxMs: 5_000,
    });
  });

  it('keep credentials apart from addresses', () => {
    expect(options({ url: 'http://u:p@a/x/?q=1#f, https://b' })?.endpoints).toEqual([
      { url: 'http://a/x', authorization: 'Basic dTpw' },
      { url: 'https://b', authorization: null },
    ]);
  });

  it('read files', () => {
    const settings = { url: 'https://a', 'ssl.truststore.location': '/t', 'ssl.keystore.location': '/k' };
    expect(options({ ...settings, 'ssl.key.password': 'pw' }, { '/t': `${PEM}t`, '/k': `${PEM}k` })?.tls).toEqual({
      ca: `${PEM}t`,
      cert: `${PEM}k`,
      key: `${PEM}k`,
      passphrase: 'pw',
      checksHost: true,
    });
    expect(() => options(settings, { '/t': 'JKS', '/k': PEM })).toThrow('ksql.schema.registry.ssl.truststore.location');
    expect(() => options(settings)).toThrow('the file cannot be read: ENOENT');
  });

  it.each([
    [{ url: 's3cret:8081' }, 'url has a wrong value: an address is no URL that begins with http:// or https://'],
    [{ url: 'ftp://u:s3cret@a' }, 'url has a wrong value'],
    [
      { url: 'http://a', 'basic.auth.credentials.source': 'SASL_INHERIT' },
      'source has a wrong value: it can be URL or USER_INFO',
    ],
    [
      { url: 'http://a', 'basic.auth.user.info': 's3cret' },
      'basic.auth.user.info has a wrong value: it is user:password',
    ],
    [{ url: 'http://a', 'basic.auth.credentials.source': 'USER_INFO' }, 'basic.auth.user.info has a wrong value'],
    [{ url: 'http://a', 'bearer.auth.token': 's3cret\n' }, 'bearer.auth.token has a wrong value'],
    [{ url: 'http://a', 'bearer.auth.credentials.source': 'OAUTHBEARER' }, 'it can be STATIC_TOKEN'],
    [
      { url: 'http://a', 'bearer.auth.credentials.source': 'STATIC_TOKEN' },
      'bearer.auth.token has a wrong value: it is unset',
    ],
    [{ url: 'http://a', 'ssl.keystore.key': 's3cret' }, 'ssl.keystore.key has a wrong value: it is no PEM text'],
    [{ url: 'http://a', 'ssl.endpoint.identification.algorithm': 'ldap' }, 'it is https or empty'],
    [{ url: 'http://a', 'max.retries': '-1' }, 'max.retries has a wrong value: it is a whole number from 0'],
    [
      { url: 'http://a', 'http.read.timeout.ms': '0' },
      'http.read.timeout.ms has a wrong value: it is a whole number from 1',
    ],
    [{ url: 'http://a', 'http.read.timeout.ms': '9999999999' }, 'from 1 to 2147483647'],
  ] as [Record<string, string>, string][])('%j are refused', (settings, message) => {
    const refused = expect(() => options(settings));
    refused.toThrow(expect.objectContaining({ code: 'invalid-setting', message: expect.stringContaining(message) }));
    refused.toThrow(expect.objectContaining({ message: expect.not.stringContaining('s3cret') }));
  });

  it('hide what is secret', () => {
    expect(REGISTRY_SETTINGS.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
      'url',
      'basic.auth.user.info',
      'bearer.auth.token',
      'ssl.keystore.key',
      'ssl.key.password',
    ]);
  });
});
