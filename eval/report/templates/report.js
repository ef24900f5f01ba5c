"use strict";
(() => {
  const PAGE = 50;
  const NO_TARGET = "none";
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  const table = document.getElementById("browser");
  const pager = document.querySelector(".pager");
  const fields = ["system", "verdict", "target", "split", "decision", "kind", "text", "item"];
  let page = 0;
  let found = [];

  // An item is [split, id, question, answers, confidence per system]; a row [item, system, target, sample, verdict, said, reason].
  const rows = data.rows.map(([item, system, target, sample, verdict, said, reason]) => {
    const [split, id, question, answers, confidences] = data.items[item];
    const confidence = confidences[system];
    return {
      item, id, question, answers, confidence, target, sample, said, reason,
      split: data.splits[split], system: data.systems[system], verdict: data.verdicts[verdict],
      decision: decision(confidence, target, sample, data.verdicts[verdict]),
      text: [id, question, answers.join(" "), said, reason].join("\n").toLowerCase(),
    };
  });

  function decision(confidence, target, sample, verdict) {
    if (confidence === null || !target || sample > 0 || verdict === "ungraded") return "";
    const abstained = verdict === "abstained";
    if (abstained === confidence < target) return "as it should";
    return abstained ? "should have answered" : "should have abstained";
  }

  function targetName(target) {
    return target === null ? "none" : target === 0 ? "forced" : String(target);
  }

  function choices(name, values, all) {
    const select = form.elements[name];
    for (const [value, shown] of [["", all], ...values]) select.add(new Option(shown, value));
    select.parentElement.hidden = values.length < 2;
  }

  function present(of) {
    return [...new Set(rows.map(of))];
  }

  const targets = present((row) => row.target).sort((a, b) => (a === null ? -1 : a) - (b === null ? -1 : b));
  choices("system", data.systems.map((name) => [name, name]), "all");
  choices("verdict", data.verdicts.filter((v) => rows.some((row) => row.verdict === v)).map((v) => [v, v]), "all");
  choices("target", targets.map((t) => [t === null ? NO_TARGET : String(t), targetName(t)]), "all");
  choices("split", data.splits.map((name) => [name, name.replaceAll("_", " ")]), "all");
  choices("decision", present((row) => row.decision).filter(Boolean).sort().map((d) => [d, d]), "all");
  choices("kind", rows.some((row) => row.sample > 0) ? [["greedy", "greedy"], ["sampled", "sampled"]] : [], "all");

  function matches(row, wanted, words) {
    return (!wanted.system || row.system === wanted.system)
      && (!wanted.verdict || row.verdict === wanted.verdict)
      && (!wanted.target || (row.target === null ? NO_TARGET : String(row.target)) === wanted.target)
      && (!wanted.split || row.split === wanted.split)
      && (!wanted.decision || row.decision === wanted.decision)
      && (!wanted.kind || (row.sample > 0) === (wanted.kind === "sampled"))
      && (!wanted.item || String(row.item) === wanted.item)
      && words.every((word) => row.text.includes(word));
  }

  function filter() {
    const wanted = Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    found = rows.filter((row) => matches(row, wanted, words));
    page = 0;
    const asked = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
    if (String(asked) || location.hash.startsWith("#?")) location.replace("#?" + asked);
    show();
  }

  function element(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function cell(line, label, ...parts) {
    const made = document.createElement("td");
    const inner = document.createElement("div");
    made.dataset.label = label;
    inner.append(...parts);
    made.append(inner);
    line.append(made);
    return inner;
  }

  function line(row) {
    const made = document.createElement("tr");
    const ask = element("button", row.question || row.id, "ask");
    ask.type = "button";
    ask.title = "Show everything said to this question";
    ask.addEventListener("click", () => { form.reset(); form.elements.item.value = row.item; filter(); });
    cell(made, "Question", ask, element("small", row.question ? row.id : ""));
    cell(made, "System", row.system);
    cell(made, "Target", targetName(row.target), element("small", row.sample > 0 ? "sample " + row.sample : ""));
    cell(made, "Reference confidence", row.confidence === null ? "–" : row.confidence.toFixed(2));
    cell(made, "Said", row.said || "–").className = "long";
    cell(made, "Accepted", row.answers.join(" · ") || "–");
    const should = row.decision === "as it should" ? "" : row.decision;
    cell(made, "Verdict", element("span", row.verdict, "verdict " + row.verdict), element("small", row.reason), element("small", should));
    return made;
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    table.tBodies[0].replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map(line));
    const chosen = form.elements.item.value ? ", of one question" : "";
    document.getElementById("count").textContent = found.length.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " rows" + chosen;
    document.getElementById("page").textContent = "Page " + (page + 1) + " of " + pages;
    document.getElementById("previous").disabled = page === 0;
    document.getElementById("next").disabled = page >= pages - 1;
    pager.hidden = pages === 1;
  }

  function turn(by) {
    page += by;
    show();
    table.scrollIntoView();
  }

  function restore() {
    if (!location.hash.startsWith("#?")) return;
    const asked = new URLSearchParams(location.hash.slice(2));
    for (const name of fields) form.elements[name].value = asked.get(name) || "";
  }

  let waiting;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", filter);
  form.addEventListener("reset", () => setTimeout(() => { form.elements.item.value = ""; filter(); }));
  form.elements.text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  document.getElementById("previous").addEventListener("click", () => turn(-1));
  document.getElementById("next").addEventListener("click", () => turn(1));
  const systems = document.querySelector(".systems");
  systems.addEventListener("change", (event) => {
    document.body.classList.toggle("hide-sys" + event.target.dataset.system, !event.target.checked);
  });
  systems.hidden = data.systems.length < 2;
  form.hidden = table.hidden = false;
  restore();
  filter();
})();
