/** Browsers accept a cookie of this prefix only with Secure, Path=/ and no Domain, so another host cannot set it. */
export const SESSION_COOKIE = "__Host-caxton";
const ATTEMPT = "__Host-caxton-login";
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";
const ATTEMPT_S = 600;

/** Returns the value of a cookie in a Cookie header, if it has exactly one. */
function valueOf(wanted: string, cookies: string): string | undefined {
  const values = cookies.split(";").flatMap((cookie) => {
    const [name, value] = cookie.trim().split("=");
    return name === wanted ? [value] : [];
  });
  return values.length === 1 ? values[0] : undefined;
}

/** Returns the session id in a Cookie header. */
export const sessionIdOf = (cookies = ""): string | undefined => valueOf(SESSION_COOKIE, cookies);
/** Returns the attempt to log in at an identity provider in a Cookie header. */
export const attemptOf = (cookies = ""): string | undefined => valueOf(ATTEMPT, cookies);

/** The Set-Cookie header for a session. It has no Max-Age: the server ends sessions, and the browser forgets them when it ends. */
export const sessionCookie = (id: string): string => `${SESSION_COOKIE}=${id}; ${ATTRIBUTES}`;
/** The Set-Cookie header that deletes the cookie. */
export const NO_SESSION_COOKIE = `${SESSION_COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;
export const attemptCookie = (attempt: string): string => `${ATTEMPT}=${attempt}; Max-Age=${ATTEMPT_S}; ${ATTRIBUTES}`;
export const NO_ATTEMPT_COOKIE = `${ATTEMPT}=; Max-Age=0; ${ATTRIBUTES}`;
