// The login behind a page with a form. Its CSRF token changes when somebody logs in again, in another tab for example.
let form;
let token;

export const begin = (itsForm) => {
  form = itsForm;
  token = form.elements.csrfmiddlewaretoken.value;
};

export const headers = () => ({ "X-CSRFToken": token });

// Where uploads begin.
export const place = () => form.dataset.uploads;

export class LoggedOut extends Error {}

// Throws LoggedOut unless the person whose page this is is logged in; the token is fresh afterwards.
export const renew = async () => {
  const answer = await fetch(form.action, { cache: "no-store" });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  const there = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(form.id);
  if (there?.dataset.person !== form.dataset.person) throw new LoggedOut();
  token = there.elements.csrfmiddlewaretoken.value;
};

// fetch() that survives a fresh login. Throws LoggedOut, and TypeError where the server cannot be reached.
export const call = async (method, address, options = {}) => {
  const ask = () => fetch(address, { ...options, method, cache: "no-store", headers: { ...options.headers, ...headers() } });
  const answer = await ask();
  if (answer.status !== 401 && answer.status !== 403) return answer;
  await renew();
  return ask();
};

// What an answer says is wrong: {code, detail, field, errors}, also where it is no problem+json.
export const problemOf = async (answer) => {
  try {
    return await answer.json();
  } catch {
    return { code: "", detail: `The server could not do it (${answer.status}). Try again in a moment.`, errors: {} };
  }
};
