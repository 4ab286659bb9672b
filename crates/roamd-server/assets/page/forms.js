// Forms of the sign-in as the server describes them: its rows, in its order (WA-111).

import { el } from "./dom.js";

const child = (element, path) =>
  path
    .split("/")
    .reduce((at, name) => at && [...at.children].find((it) => it.localName === name), element);
const content = (element, path) => child(element, path)?.textContent ?? "";

/** What an answer of the sign-in is: a form, or the `end` of the conversation. */
export function read(answer) {
  const asked = child(answer, "AuthenticationRequirements");
  if (!asked) {
    return {
      end: content(answer, "Result"),
      isTimeout: content(answer, "LogMessage") === "sessiontimeout",
      canChangePassword: content(answer, "IsChangePasswordEnabled") === "true",
    };
  }
  return {
    // The first form has nothing to go back to.
    canCancel: content(answer, "Result") === "update-credentials",
    postBack: content(asked, "PostBack"),
    cancelPostBack: content(asked, "CancelPostBack"),
    cancelText: content(asked, "CancelButtonText"),
    rows: [...child(asked, "Requirements").children].map(row),
  };
}

function row(requirement) {
  const input = child(requirement, "Input");
  const highlighted = child(requirement, "Label/HighlightFields");
  return {
    id: content(requirement, "Credential/ID"),
    type: content(requirement, "Credential/Type"),
    label: content(requirement, "Label/Text"),
    labelType: content(requirement, "Label/Type"),
    wrongFields: [...(highlighted?.children ?? [])].map((it) => it.textContent),
    hint: content(input, "AssistiveText"),
    text: child(input, "Text"),
    choice: child(input, "ComboBox"),
    button: content(input, "Button"),
  };
}

const AUTOCOMPLETE = {
  username: "username",
  password: "current-password",
  newpassword: "new-password",
};

/** Draws a form. `submit` gets the fields of a form that is filled. */
export function draw(form, submit, cancel) {
  // Nothing keeps a password for the user here, so a box that promises it is left out.
  const rows = form.rows.filter((it) => it.type !== "savecredentials");
  const wrongFields = rows.flatMap((it) => it.wrongFields);
  const element = el(
    "form",
    { className: "card form" },
    ...rows.map((it) => drawRow(it, wrongFields)),
  );
  if (form.canCancel) {
    const options = { type: "button", textContent: form.cancelText, on: { click: cancel } };
    element.append(el("button", options));
  }
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(new URLSearchParams(new FormData(element, event.submitter)));
  });
  return element;
}

function drawRow(row, wrongFields) {
  if (row.button) {
    return el("button", {
      type: "submit",
      className: "primary",
      name: row.id,
      value: row.button,
      textContent: row.button,
    });
  }
  if (row.labelType === "heading") return el("h1", { textContent: row.label });
  if (row.labelType === "error") {
    const options = { id: "form-error", className: "error", role: "alert" };
    return el("p", { ...options, textContent: row.label });
  }
  if (row.choice) return field(row, choice(row));
  if (content(row.text, "ReadOnly") === "true") {
    return el(
      "p",
      { className: "field" },
      el("span", { className: "caption", textContent: row.label }),
      el("output", { textContent: content(row.text, "InitialValue") }),
    );
  }
  return field(row, input(row, wrongFields.includes(row.id)));
}

const idOf = (row) => `field-${row.id}`;

function field(row, control) {
  const id = idOf(row);
  const hint = row.hint
    ? el("span", { id: `${id}-hint`, className: "hint", textContent: row.hint })
    : null;
  const caption = el("label", { htmlFor: id, textContent: row.label });
  return el("p", { className: "field" }, caption, control, hint);
}

function choice(row) {
  const initial = content(row.choice, "InitialSelection");
  const options = [...child(row.choice, "DisplayValues").children].map((it) => {
    const value = content(it, "Value");
    const display = content(it, "Display");
    return el("option", { textContent: display, value, selected: value === initial });
  });
  return el("select", { id: idOf(row), name: row.id }, ...options);
}

/** A box for a text. The browser sends no form with an empty one, and puts the cursor there. */
function input(row, isWrong) {
  const id = idOf(row);
  const descriptions = [row.hint && `${id}-hint`, isWrong && "form-error"].filter(Boolean);
  return el("input", {
    id,
    name: row.id,
    required: true,
    type: content(row.text, "Secret") === "true" ? "password" : "text",
    value: content(row.text, "InitialValue"),
    autocomplete: AUTOCOMPLETE[row.type],
    autocapitalize: "none",
    spellcheck: false,
    "aria-invalid": isWrong ? "true" : undefined,
    "aria-describedby": descriptions.join(" ") || undefined,
  });
}

/** Shows a form in place of the last one, and puts the cursor where the user goes on. */
export function replace(place, element) {
  place.replaceChildren(element);
  const inputs = [...element.querySelectorAll("input")];
  const wrong = inputs.find((it) => it.getAttribute("aria-invalid") && it.type === "password");
  (wrong ?? inputs.find((it) => !it.value) ?? inputs[0]).focus();
}
