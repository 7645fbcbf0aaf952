// A real identity provider on a free port of loopback, for one client: what Truelevel needs of it and nothing else.
// Prints its issuer once it answers. Usage: node provider.mjs REDIRECT_URI
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'truelevel',
      client_secret: 'a secret of at least thirty-two bytes',
      redirect_uris: [process.argv[2]],
      application_type: 'native',
    }],
    claims: { openid: ['sub'], profile: ['name', 'groups'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `Somebody called ${id}`, groups: ['dev'] }),
    }),
    pkce: { required: () => true },
    cookies: { keys: ['for tests alone'] },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
