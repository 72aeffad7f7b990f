// An OpenID provider on 127.0.0.1 with its own plain sign-in form: `node provider.mjs PORT REDIRECT_URI`.
// Whoever types a name is that person, with the password "secret". Prints "ready" once it answers.
import Provider from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const GROUPS = { root: ["admins", "staff"], lena: ["blue"], alice: ["blue"] };

function claimsOf(id) {
  const domain = id.startsWith("guest") ? "elsewhere.test" : "firm.test";
  return {
    sub: id,
    email: `${id}@${domain}`,
    email_verified: !id.endsWith("unverified"),
    name: id[0].toUpperCase() + id.slice(1),
    groups: GROUPS[id] ?? [],
  };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "llmtrack",
    client_secret: "client-secret-of-the-test",
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [redirectUri],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  claims: { openid: ["sub", "auth_time"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  conformIdTokenClaims: false, // Streamlit reads the ID token and nothing else
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  ttl: { IdToken: 600, AccessToken: 600, Session: 3600, Grant: 3600, Interaction: 600 },
  async findAccount(_, id) {
    return { accountId: id, claims: async () => claimsOf(id) };
  },
  // Consent is taken for granted: the app is the company's own.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid email profile groups");
    await grant.save();
    return grant;
  },
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("authorization.error", (_, error) => console.error("authorization", error.message, error.error_description));
provider.on("grant.error", (_, error) => console.error("grant", error.message, error.error_description));
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
