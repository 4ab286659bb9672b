// Sign-in forms as the server describes them: any rows, in any order.

import { el } from "./dom.js";
import { text } from "./words.js";

const child = (element, path) =>
  path
    .split("/")
    .reduce((at, name) => at && [...at.children].find((it) => it.localName === name), element);
const content = (element, path) => child(element, path)?.textContent ?? "";

/** What an answer of the sign-in is: a form, or the end of the conversation. */
export function read(root) {
  const result = content(root, "Result");
  if (root.localName === "AuthenticationStatus") {
    return {
      end: result,
      log: content(root, "LogMessage"),
      days: Number(content(root, "TimeRemaining")) || null,
    };
  }
  const asked = child(root, "AuthenticationRequirements");
  if (!asked) return { end: result, log: content(root, "LogMessage") };
  return {
    result,
    state: content(root, "StateContext"),
    postBack: content(asked, "PostBack"),
    cancelPostBack: content(asked, "CancelPostBack"),
    cancelText: content(asked, "CancelButtonText"),
    rows: [...(child(asked, "Requirements")?.children ?? [])].map(row),
  };
}

function row(requirement) {
  const input = child(requirement, "Input");
  return {
    id: content(requirement, "Credential/ID"),
    type: content(requirement, "Credential/Type"),
    label: content(requirement, "Label/Text"),
    labelType: content(requirement, "Label/Type"),
    about: [...(child(requirement, "Label/HighlightFields")?.children ?? [])].map(
      (it) => it.textContent,
    ),
    hint: content(input, "AssistiveText"),
    text: child(input, "Text"),
    combo: child(input, "ComboBox"),
    check: child(input, "CheckBox"),
    button: content(input, "Button"),
  };
}

const AUTOCOMPLETE = {
  username: "username",
  password: "current-password",
  newpassword: "new-password",
};

/** Draws a form. `submit` gets the address and the fields, `cancel` the address. */
export function draw(form, submit, cancel) {
  // Nothing keeps a password for the user here, so a box that promises it is left out.
  const rows = form.rows.filter((it) => it.type.toLowerCase() !== "savecredentials");
  const errors = rows.filter((it) => it.labelType === "error");
  const values = [];
  let pressed = null;
  const element = el("form", { className: "card form", noValidate: true, autocomplete: "on" });
  for (const it of rows) {
    if (it.button) {
      const primary = !element.querySelector("button");
      element.append(
        el("button", {
          type: "submit",
          className: primary ? "primary" : "",
          textContent: it.button,
          on: { click: () => (pressed = it) },
        }),
      );
      pressed ??= it;
    } else if (it.text || it.combo || it.check) {
      const field = drawField(it, errors);
      element.append(field.element);
      if (field.value) values.push(field.value);
    } else if (it.label) {
      element.append(drawLabel(it));
    }
  }
  // The first form has nothing to go back to.
  if (form.cancelPostBack && form.result !== "more-info") {
    element.append(
      el("button", {
        type: "button",
        textContent: form.cancelText || text("cancel"),
        on: { click: () => cancel(form.cancelPostBack) },
      }),
    );
  }
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new URLSearchParams(values.map((value) => value()));
    if (pressed) fields.set(pressed.id, pressed.button);
    fields.set("StateContext", form.state);
    submit(form.postBack, fields);
  });
  return element;
}

function drawLabel(it) {
  if (it.labelType === "heading") return el("h1", { textContent: it.label });
  const options = { textContent: it.label, className: `label ${it.labelType}` };
  if (it.labelType === "error") Object.assign(options, { id: "form-error", role: "alert" });
  return el("p", options);
}

function drawField(it, errors) {
  const id = `field-${it.id}`;
  const caption = el("label", { htmlFor: id, textContent: it.label });
  if (it.check) {
    const input = el("input", {
      type: "checkbox",
      id,
      checked: it.check.textContent.trim() === "true",
    });
    return {
      element: el("p", { className: "field check" }, input, caption),
      value: () => [it.id, String(input.checked)],
    };
  }
  if (it.combo) {
    const values = [...(child(it.combo, "DisplayValues")?.children ?? [])];
    const initial = content(it.combo, "InitialSelection");
    const options = values.map((value) => {
      const own = content(value, "Value");
      return el("option", {
        textContent: content(value, "Display"),
        value: own,
        selected: own === initial,
      });
    });
    const select = el("select", { id }, ...options);
    return {
      element: el("p", { className: "field" }, caption, select),
      value: () => [it.id, select.value],
    };
  }
  const initial = content(it.text, "InitialValue");
  if (content(it.text, "ReadOnly") === "true") {
    return {
      element: el(
        "p",
        { className: "field" },
        el("span", { className: "caption", textContent: it.label }),
        el("output", { textContent: initial }),
      ),
    };
  }
  const isWrong = errors.some((error) => error.about.includes(it.id));
  const secret = content(it.text, "Secret") === "true";
  const described = [it.hint && `${id}-hint`, isWrong && "form-error"].filter(Boolean).join(" ");
  const input = el("input", {
    id,
    name: it.id,
    type: secret ? "password" : "text",
    value: initial,
    autocomplete: AUTOCOMPLETE[it.type.toLowerCase()] ?? (secret ? "current-password" : "off"),
    autocapitalize: "none",
    spellcheck: false,
    "aria-invalid": isWrong ? "true" : undefined,
    "aria-describedby": described || undefined,
  });
  const hint = it.hint
    ? el("span", { id: `${id}-hint`, className: "hint", textContent: it.hint })
    : null;
  return {
    element: el("p", { className: "field" }, caption, input, hint),
    value: () => [it.id, input.value],
  };
}

/** Shows a form in place of the last one, and puts the cursor where the user goes on. */
export function replace(place, element) {
  place.replaceChildren(element);
  const inputs = [...element.querySelectorAll("input, select")];
  const next =
    inputs.find((input) => input.getAttribute("aria-invalid") && input.type === "password") ??
    inputs.find((input) => input.type !== "checkbox" && !input.value);
  (next ?? inputs[0] ?? element.querySelector("button"))?.focus();
}
