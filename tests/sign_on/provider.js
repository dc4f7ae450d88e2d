// An OpenID Connect provider with accounts of the tests: `node provider.js '{"port": ..., "desk": "http://...", ...}'`.
// Whoever types the login of an account is that person. What it is asked for is written on standard output.
import { Provider } from "oidc-provider";

const told = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${told.port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "desk",
      client_secret: "um segredo de teste",
      redirect_uris: [`${told.desk}/entrar/provedor/volta`],
      post_logout_redirect_uris: [`${told.desk}/entrar`],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], groups: ["groups"] },
  scopes: ["openid", "profile", "groups"],
  conformIdTokenClaims: told.thin === true,
  pkce: { required: () => true },
  cookies: { keys: ["tests"] },
  ttl: { IdToken: 300, AuthorizationCode: 60, AccessToken: 300, Session: 3600, Interaction: 600, Grant: 3600 },
  findAccount: (_context, id) =>
    id in told.accounts ? { accountId: id, claims: () => ({ sub: id, ...told.accounts[id] }) } : undefined,
});
provider.listen(told.port, "127.0.0.1", () => console.log("ready"));
