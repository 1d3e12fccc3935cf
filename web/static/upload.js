// Sends videos from the browser straight into the bucket: small ones in one request, large ones part by part.
// A part that fails is sent again by itself a few times, and then when asked to; what has arrived is not sent again, also
// when the session has ended meanwhile and somebody signed in anew in another tab.
"use strict";

const MOST_BYTES = 10 * 2 ** 30;
const TRIES = 4;
const root = document.querySelector("[data-upload]");
const list = root.querySelector("[data-uploads]");
const said = root.querySelector("[data-said]");
const input = root.querySelector("input[type=file]");
const day = root.querySelector("#date");
const slot = root.querySelector("#slot");

let token = root.querySelector("[name=csrf_token]").value;

// The file will not become a video, whatever is done.
class Refused extends Error {}
// Somebody has to do something first; to try again by itself would not help.
class Waits extends Error {}
// Going on puts the file in the place of another one.
class Replaces extends Waits {}

const problemOf = (file) => {
  if (!/.\.(mp4|mov)$/i.test(file.name)) return "This is no MP4 or MOV file: save the recording as one of these.";
  if (file.size === 0) return "The file is empty: check that the recording is complete.";
  if (file.size > MOST_BYTES) return "The video has more than 10 GB: save it smaller, or cut it into parts.";
  return "";
};

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

const reached = async (address, options) => {
  try {
    return await fetch(address, options);
  } catch {
    throw new Error("The server cannot be reached.");
  }
};

const post = (path, fields) => reached(root.dataset.upload + path, {
  method: "POST",
  body: new URLSearchParams({ csrf_token: token, ...fields }),
});

// A form token holds for one session: this page as it is now has the one of the session that was begun since.
const renewToken = async () => {
  const answer = await reached(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const field = page.querySelector("[data-upload] [name=csrf_token]");
  token = field ? field.value : "";
  if (!token) throw new Waits("Your session has ended: sign in in another tab, then go on here.");
};

const ask = async (path, fields) => {
  if (!token) await renewToken();
  let answer = await post(path, fields);
  if (answer.redirected || answer.status === 400) {
    await renewToken();
    answer = await post(path, fields);
  }
  if (answer.status === 429) throw new Waits("There were too many uploads: wait a minute, then go on.");
  if (answer.status >= 500) throw new Error("The server could not do it just now.");
  if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) {
    throw new Refused("The server did not take it: reload the page.");
  }
  const told = await answer.json();
  if (told.may_replace) throw new Replaces(told.problem);
  if (told.problem) throw new Refused(told.problem);
  return told;
};

const again = async (work) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused || error instanceof Waits || attempt === TRIES) throw error;
      await pause(2 ** attempt);
    }
  }
};

class Upload {
  constructor(file) {
    this.file = file;
    this.etags = [];
    this.leave = {};
    this.item = list.appendChild(document.createElement("li"));
    this.item.className = "card";
    this.label = this.item.appendChild(document.createElement("label"));
    this.text = this.label.appendChild(document.createElement("span"));
    this.bar = this.label.appendChild(document.createElement("progress"));
    this.bar.max = file.size || 1;
    this.bar.value = 0;
    this.show("waits");
  }

  show(text, isProblem = false) {
    this.text.textContent = `${this.file.name}: ${text}`;
    this.text.className = isProblem ? "problem" : "";
  }

  // Shows it, and lets a screen reader say it.
  tell(text, isProblem = false) {
    this.show(text, isProblem);
    said.textContent = this.text.textContent;
  }

  sent(bytes) {
    this.bar.value = bytes;
    this.show(`${Math.floor((100 * bytes) / this.file.size)} %`);
  }

  // Resolves to where to go on to, or to nothing when the file was refused; after a failure it waits to be asked.
  async run() {
    const problem = problemOf(this.file);
    if (problem) return this.refuse(problem);
    for (;;) {
      try {
        const { name, size } = this.file;
        this.ticket ??= await again(() => ask("", { name, size, date: day.value, slot: slot.value, ...this.leave }));
        await (this.ticket.form ? this.inOne() : this.inParts());
        this.tell("is there");
        return this.ticket.then;
      } catch (error) {
        if (error instanceof Refused) return this.refuse(error.message);
        await this.askToGoOn(error.message);
        if (error instanceof Replaces) this.leave = { replace: "y" };
        if (this.ticket?.form) this.ticket = undefined; // its leave to send ends some day, and nothing of it has arrived
      }
    }
  }

  refuse(problem) {
    this.bar.remove();
    this.tell(problem, true);
  }

  inOne() {
    const { form } = this.ticket;
    return again(() => send("POST", form.url, bodyOf(form, this.file), (bytes) => this.sent(Math.min(bytes, this.file.size))));
  }

  async inParts() {
    const { key, upload_id, part_bytes } = this.ticket;
    while (this.etags.length * part_bytes < this.file.size) {
      const start = this.etags.length * part_bytes;
      const part = this.file.slice(start, start + part_bytes);
      this.etags.push(await again(async () => {
        const { url } = await ask("/part", { key, upload_id, number: this.etags.length + 1 });
        return send("PUT", url, part, (bytes) => this.sent(start + bytes));
      }));
    }
    await again(() => ask("/finish", { key, upload_id, etags: JSON.stringify(this.etags) }));
  }

  askToGoOn(problem) {
    this.tell(this.etags.length > 0 ? `${problem} What has arrived is kept.` : problem, true);
    const button = this.item.appendChild(document.createElement("button"));
    Object.assign(button, { type: "button", className: "btn btn-outline-secondary", textContent: "Go on" });
    return new Promise((done) => button.addEventListener("click", () => {
      button.remove();
      done();
    }));
  }
}

input.multiple = true;
root.querySelector("[data-multiple]").hidden = false;

root.querySelector("[data-videos]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  list.replaceChildren();
  const uploads = [...input.files].map((file) => new Upload(file));
  said.textContent = uploads.map((upload) => upload.text.textContent).join(", ");
  const arrived = [];
  for (const upload of uploads) arrived.push(await upload.run());
  button.disabled = false;
  const there = arrived.filter(Boolean);
  if (there.length === 0) return;
  if (there.length === uploads.length) location.assign(there[0]);
  else list.insertAdjacentElement("afterend", linkTo(there[0]));
});

const linkTo = (address) => {
  const link = document.createElement("a");
  Object.assign(link, { href: address, textContent: "To the class, with the videos that are there" });
  return link;
};

// What is on its way is lost when the page is left.
addEventListener("beforeunload", (event) => {
  if (root.querySelector("[data-videos] button").disabled && list.querySelector("progress[value]")) {
    const isOnItsWay = [...list.querySelectorAll("progress")].some((bar) => bar.value > 0 && bar.value < bar.max);
    if (isOnItsWay) event.preventDefault();
  }
});
