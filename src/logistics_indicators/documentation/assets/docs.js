// In a file of its own, so that the page's Content-Security-Policy needs no exception for inline scripts.
const KEPT = "logistics-indicators.docs.sign-in";
const SIGN_IN = "bearer"; // the security scheme's name in openapi.json
const BEFORE_THE_END = 30_000; // ms

let refusal = ""; // what the service said of the last request, where it refused it

// For the tab alone, which localStorage (persistAuthorization) is not; and never the password.
function keep(system) {
  const authorized = system.authSelectors.authorized().toJS();
  const kept = Object.entries(authorized).map(([name, { password, ...rest }]) => [name, rest]);
  sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(kept)));
}

function restore() {
  const kept = sessionStorage.getItem(KEPT);
  if (kept) window.ui.authActions.restoreAuthorization({ authorized: JSON.parse(kept) });
}

const thenKeep = (action, system) => (given) => {
  const done = action(given);
  keep(system);
  return done;
};
const withItsEnd = (action) => ({ auth, token }) =>
  action({ auth, token: { ...token, ends_at: Date.now() + 1000 * token.expires_in } });

const SignIn = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: thenKeep,
        authorizeOauth2: (action, system) => thenKeep(withItsEnd(action), system),
        logout: thenKeep,
      },
    },
    err: {
      wrapActions: {
        newAuthErr: (action) => (error) => action({ ...error, message: refusal || error.message }),
      },
    },
  },
});

async function withFreshToken(request) {
  refusal = "";
  const auth = window.ui?.authSelectors.authorized()?.get(SIGN_IN)?.toJS();
  const sent = request.headers?.Authorization;
  if (auth && sent === `Bearer ${auth.token.access_token}` && Date.now() > auth.token.ends_at - BEFORE_THE_END) {
    const headers = { Authorization: `Bearer ${auth.token.refresh_token}` };
    const answer = await fetch("v1/auth/refresh", { method: "POST", headers });
    if (answer.ok) {
      const token = await answer.json();
      window.ui.authActions.authorizeOauth2({ auth, token });
      request.headers.Authorization = `Bearer ${token.access_token}`;
    }
  }
  return request;
}

function noteRefusal(answer) {
  if (!answer.ok) refusal = answer.obj?.detail ?? "";
  return answer;
}

// Swagger UI leaves the focus on the button behind its dialog.
function focusDialogs(root) {
  let open = null;
  new MutationObserver(() => {
    const dialog = root.querySelector(".dialog-ux");
    if (dialog && dialog !== open) dialog.querySelector("#oauth_username, input:not([type=checkbox])")?.focus();
    open = dialog;
  }).observe(root, { childList: true, subtree: true });
}

window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  layout: "BaseLayout",
  onComplete: restore,
  plugins: [SignIn],
  presets: [SwaggerUIBundle.presets.apis],
  requestInterceptor: withFreshToken,
  responseInterceptor: noteRefusal,
  showCommonExtensions: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
focusDialogs(document.getElementById("swagger-ui"));
