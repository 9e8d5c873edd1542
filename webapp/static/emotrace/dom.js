// Typed access to the elements of a page.

/**
 * The element with an id. Throws where the page has none of that type.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type]
 * @returns {T}
 */
export const byId = (id, type) => checked(document.getElementById(id), type, `#${id}`);

/**
 * The first element below `root` that matches. Throws where there is none of that type.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T}
 */
export const query = (root, selector, type) => checked(root.querySelector(selector), type, selector);

/**
 * The values of a JSON script element.
 * @param {string} id
 * @returns {any}
 */
export const readJson = (id) => JSON.parse(byId(id).textContent ?? "");

/**
 * A new element.
 * @param {string} name
 * @param {string} className
 * @param {...(Node | string)} children
 */
export const create = (name, className, ...children) => {
  const element = document.createElement(name);
  element.className = className;
  element.append(...children);
  return element;
};

/**
 * A copy of the only element of a template.
 * @param {string} id
 */
export const copyTemplate = (id) =>
  /** @type {HTMLElement} */ (byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true));

/**
 * The element at or above the target of an event that matches.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export const closest = (event, selector) =>
  event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest(selector)) : null;

/**
 * @template {Element} T
 * @param {Element | null} found
 * @param {(new () => T) | undefined} type
 * @param {string} name
 * @returns {T}
 */
const checked = (found, type, name) => {
  if (!(found instanceof (type ?? HTMLElement))) throw new Error(`The page has no ${name} of the expected type`);
  return /** @type {T} */ (found);
};
