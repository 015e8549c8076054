"use strict";
// Builds the page from the JSON in #data. Values reach the page through textContent alone.
(() => {
  const R = JSON.parse(document.getElementById("data").textContent);
  const page = document.getElementById("page");
  const isReplay = R.kind === "replay";
  const SIDES = isReplay ? ["recorded", "live"] : ["A: " + R.primary, "B: " + R.candidate];

  // ---- small helpers
  const h = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    for (const child of children.flat()) {
      if (child !== null && child !== undefined && child !== "") element.append(child instanceof Node ? child : document.createTextNode(visible(String(child))));
    }
    return element;
  };
  // Characters that turn the direction of text or show nothing are shown by their code.
  const visible = text => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    c => c === "\r" ? c : "\u27e8U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + "\u27e9");
  const number = n => Math.round(n).toLocaleString("en-US");
  const sum = counts => Object.values(counts || {}).reduce((a, b) => a + b, 0);
  const plural = (n, one, many) => number(n) + " " + (n === 1 ? one : many || one + "s");
  const share = x => {
    const p = 100 * x;
    if (p === 0) return "0 %";
    if (p >= 99.95) return "100 %";
    return (p >= 10 ? p.toFixed(1) : p >= 1 ? p.toFixed(1) : p.toPrecision(2).replace(/e.*/, "")) + " %";
  };
  const time = us => {
    if (us === undefined || us === null) return "–";
    const steps = [[1e6 * 60, "min"], [1e6, "s"], [1e3, "ms"], [1, "µs"]];
    for (const [unit, name] of steps) {
      if (us >= unit || unit === 1) {
        const v = us / unit;
        return (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2)) + " " + name;
      }
    }
    return us + " µs";
  };
  const rps = r => (r >= 100 ? number(r) : r.toFixed(r >= 10 ? 1 : 2)) + "/s";
  const seconds = s => s >= 90 ? Math.floor(s / 60) + " min " + Math.round(s % 60) + " s" : (s >= 10 ? s.toFixed(0) : s.toFixed(1)) + " s";
  const word = reason => reason.replace(/_/g, " ");
  const reasons = counts => Object.entries(counts || {}).sort((a, b) => b[1] - a[1]).map(([k, v]) => word(k) + " " + number(v)).join(", ");
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const sections = [];
  const section = (id, title, lead, ...children) => {
    sections.push([id, title]);
    const node = h("section", {id}, h("h2", {}, title), lead ? h("p", {class: "lead"}, lead) : null, ...children);
    page.append(node);
    return node;
  };
  const card = (...children) => h("div", {class: "card"}, ...children);

  // ---- 1. verdict
  const REASONS = {  // why something was not tested, in words
    method: "not a safe method (--methods all sends them)", upgrade: "an upgrade or a tunnel", request_truncated: "the recorded request is incomplete",
    limit: "too many in flight", expired: "sent too late to matter", stopped: "the run was ended early", rewrite: "dropped by a rewriting rule",
    body_cut: "the body was not kept whole", primary_missing: "the recording has no answer", primary_broken: "the recorded answer is broken",
    queue_full: "no time to compare", comparison_off: "comparison was off", conditional: "304 against 200", unpaired: "no partner on the other tape",
    both_failed: "no answer on either side", decode_cap: "too large when decoded", decode_error: "could not be decoded", tree_cap: "too large to compare by structure",
    filter: "left out by --filter", sample: "left out by --sample", request_missing: "a response without its request", count: "beyond --count",
    from: "before --from", to: "after --to", duration: "beyond --duration",
    refused: "connection refused", connect_timeout: "connecting took too long", reset: "connection reset", closed_early: "connection closed early",
    malformed: "not valid HTTP", timeout: "no answer in time", target_down: "target down", generator: "the generator ran out of something",
  };
  const because = reason => REASONS[reason] || word(reason);

  function alarms() {
    const list = [];
    if (isReplay && R.valid === false) {
      list.push(["The generator itself was late.", " Requests left later than their due time by more than the budget (p99 " + time(R.load.generator_lateness.p99_us) +
        "). No latency below may be believed; what the answers say still holds."]);
    } else if (isReplay && R.unbelievable.length) {
      list.push(["Some quantiles cannot be believed: " + R.unbelievable.join(", ") + ".", " The generator was late for that share of the requests."]);
    }
    if (R.partial) list.push(["Partial.", " The run was ended before everything planned was done."]);
    if (!R.exact) list.push(["Not everything could be counted.", " There were more endpoints or kinds of difference than fit; rows named `other` hold the rest."]);
    for (const text of [R.damage, R.primary_damage, R.candidate_damage]) if (text) list.push(["The tape is not whole. ", text]);
    for (const text of R.warnings || []) list.push(["Note. ", text]);
    return list.map(([bold, text]) => h("div", {class: "alarm", role: "alert"}, h("b", {}, bold), text));
  }

  function tiles() {
    const c = R.comparison, list = [];
    const tile = (n, label, hint, tone) => list.push(h("div", {class: "tile " + (tone || "")}, h("div", {class: "n"}, n), h("div", {class: "l"}, label), h("div", {class: "h"}, hint || "")));
    tile(number(c.compared), "pairs compared", sum(c.not_compared) ? number(sum(c.not_compared)) + " not compared" : "every answer");
    tile(number(c.different), "differ", c.compared ? share(c.different / c.compared) + " of compared" : "", c.different ? "bad" : "good");
    tile(number(c.identical), "alike", Object.entries(c.identical_by).map(([k, v]) => k + " " + number(v)).join(", "));
    if (isReplay) {
      tile(number(sum(R.load.failed)), "without an answer", reasons(R.load.failed) || "of " + number(R.load.sent) + " sent", sum(R.load.failed) ? "bad" : "");
      tile(time(R.load.latency.p99_us), "p99 latency", R.load.recorded_latency.count ? "recorded " + time(R.load.recorded_latency.p99_us) : "", R.valid ? "" : "warn");
      tile(rps(R.load.achieved_rps), "achieved", "offered " + rps(R.load.offered_rps) + (R.load.speed ? ", " + R.load.speed + "x" : ""));
    } else {
      tile(number(c.no_answer), "without an answer in B", "", c.no_answer ? "bad" : "");
    }
    return h("div", {class: "tiles"}, list);
  }

  function hero() {
    const verdict = R.verdict.word || "NO VERDICT";
    const question = isReplay ? "Did the target answer these recorded requests as the recording did?" : "Do the two tapes hold the same answers?";
    page.append(...alarms());
    page.append(h("div", {class: "card hero " + R.verdict.word}, h("span", {class: "word"}, verdict), h("p", {class: "say"}, R.verdict.sentence.replaceAll(" %", "\u00a0%")),
      h("p", {class: "question"}, question), tiles()));
    if (R.thresholds.length) {
      page.append(h("div", {class: "thresholds"}, R.thresholds.map(t => h("span", {class: "chip " + (t.ok ? "ok" : "crossed")}, (t.ok ? "kept: " : "crossed: ") + t.expr))));
    }
    untested();
  }

  function untested() {
    const rows = [];
    const add = (label, counts) => { for (const [reason, n] of Object.entries(counts || {}).sort((a, b) => b[1] - a[1])) if (n) rows.push([n, label, because(reason)]); };
    if (isReplay) { add("not selected", R.load.unselected); add("skipped", R.load.skipped); add("failed", R.load.failed); }
    add("not compared", R.comparison.not_compared);
    if (R.later_passes) rows.push([R.later_passes, "not paired", "a later pass of the same requests"]);
    if (isReplay && R.load.not_saved) rows.push([R.load.not_saved, "not saved", "the answers' tape could not take them"]);
    const box = h("div", {class: "card untested"}, h("h3", {}, "What was not tested"));
    if (!rows.length) box.append(h("div", {class: "why"}, "Nothing was left out: every recorded request was sent, answered and compared."));
    else box.append(h("ul", {}, rows.map(([n, label, why]) => h("li", {}, h("b", {}, number(n)), h("span", {}, label + ": ", h("span", {class: "why"}, why))))));
    page.append(box);
  }

  // ---- 2. differences
  const shellQuote = text => "'" + text.replaceAll("'", "'\\''") + "'";
  const copyButton = (label, text) => h("button", {type: "button", class: "ghost", title: text, onclick: event => {
    const button = event.currentTarget;
    const done = () => { button.textContent = "copied"; setTimeout(() => { button.textContent = label; }, 1200); };
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text).then(done, () => copyByHand(text, done));
    else copyByHand(text, done);
  }}, label);
  function copyByHand(text, done) {
    const area = h("textarea", {"aria-hidden": "true"});
    area.value = text;
    document.body.append(area);
    area.select();
    if (document.execCommand("copy")) done();
    area.remove();
  }

  /// Both values with what is not common to them marked.
  function marked(value, other) {
    let head = 0;
    while (head < value.length && head < other.length && value[head] === other[head]) ++head;
    let tail = 0;
    while (tail < value.length - head && tail < other.length - head && value[value.length - 1 - tail] === other[other.length - 1 - tail]) ++tail;
    const middle = value.slice(head, value.length - tail);
    return [value.slice(0, head), middle ? h("mark", {}, middle) : null, value.slice(value.length - tail)];
  }
  const side = (name, which, value, other) => h("div", {class: "side " + which}, h("h4", {}, name),
    h("pre", {}, value === "" ? h("span", {class: "none"}, "nothing there") : other === "" ? h("mark", {}, value) : marked(value, other)));

  function example(e) {
    const head = h("div", {class: "head"}, h("span", {class: "mono"}, e.request, e.pointer ? "  ·  " + e.pointer : ""), h("span", {class: "ids"}, e.id));
    const [method, target] = [e.request.slice(0, e.request.indexOf(" ")), e.request.slice(e.request.indexOf(" ") + 1)];
    const whole = !target.endsWith("...");
    if (isReplay && whole && (e.curl || method === "GET" || method === "HEAD")) {
      head.append(copyButton("copy curl", "curl -i " + e.curl + shellQuote(R.target.startsWith("http") ? R.target.replace(/\/$/, "") + target : target)));
    }
    const tape = isReplay ? R.tapes[0] : R.primary;
    if (tape) head.append(copyButton("copy show", "tapedeck show " + shellQuote(tape) + " " + e.id));
    return h("div", {class: "example"}, head, h("div", {class: "sides"}, side(SIDES[0], "a", e.primary, e.candidate), side(SIDES[1], "b", e.candidate, e.primary)));
  }

  function rateBox(c) {
    const point = c.of ? c.count / c.of : 0;
    const bar = h("i"), spread = h("u");
    bar.style.width = Math.max(1, 100 * point) + "%";
    spread.style.left = 100 * c.low + "%";
    spread.style.width = Math.max(1, 100 * (c.high - c.low)) + "%";
    return h("div", {class: "rate", title: "95 % interval " + share(c.low) + " to " + share(c.high)}, h("b", {}, share(point)), " of " + number(c.of),
      h("div", {class: "bar"}, spread, bar), number(c.count) + " × · " + share(c.low) + " – " + share(c.high));
  }

  function cluster(c) {
    const status = c.primary_status === c.candidate_status || c.kind === "no_answer" || c.kind === "status" ? c.primary_status : c.primary_status + " → " + c.candidate_status;
    const arrow = c.what.indexOf(" -> ");
    const at = arrow < 0 ? -1 : c.what.lastIndexOf(" ", arrow - 1);
    const what = at < 0 ? [c.what] : [c.what.slice(0, at) + " ", h("span", {class: "chg"}, c.what.slice(at + 1).replace("->", "→"))];
    const details = h("details", {class: "cluster" + (c.noise ? " noisy" : ""), id: "c-" + c.fingerprint},
      h("summary", {}, h("span", {class: "badge " + (c.noise ? "" : c.severity)}, c.noise || c.severity),
        h("div", {}, h("div", {class: "what"}, what), h("div", {class: "ep"}, c.endpoint + (status ? "  ·  " + status : "") + (c.members.length ? "  ·  and " + plural(c.members.length, "more that comes with it", "more that come with it") : ""))),
        rateBox(c), h("span", {class: "arrow"}, "›")));
    details.dataset.text = (c.sentence + " " + c.members.join(" ") + " " + c.fingerprint + " " + c.kind).toLowerCase();
    details.addEventListener("toggle", () => {  // built when first opened
      if (!details.open || details.dataset.built) return;
      details.dataset.built = "1";
      details.append(h("div", {class: "more"}, h("p", {}, c.sentence.replace("->", "→")),
        c.members.length ? h("ul", {class: "also"}, c.members.map(m => h("li", {}, m.replace("->", "→")))) : null,
        c.examples.length ? c.examples.map(example) : h("p", {}, "No examples were kept."), h("div", {class: "ids"}, "fingerprint " + c.fingerprint)));
    });
    return details;
  }

  function differences() {
    const list = R.clusters.map(cluster);
    const box = card(list.length ? list : h("div", {class: "empty"}, R.comparison.compared ? "No difference counts." : "Nothing was compared."));
    const search = h("input", {type: "search", placeholder: "Filter: path, endpoint, kind …", "aria-label": "Filter differences", oninput: event => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const item of list) item.hidden = !words.every(w => item.dataset.text.includes(w));
    }});
    section("differences", "Differences", list.length ? "What happens again and again counts as one. Open a line for examples." : "",
      list.length > 1 ? h("div", {class: "tools"}, search, h("span", {class: "hint"}, h("kbd", {}, "j"), " ", h("kbd", {}, "k"), " to move, ", h("kbd", {}, "Enter"), " to open, ", h("kbd", {}, "/"), " to filter")) : null, box,
      R.clusters_total > R.clusters.length ? h("p", {class: "lead"}, number(R.clusters_total - R.clusters.length) + " more are in the JSON result.") : null,
      R.examples_left_out ? h("p", {class: "lead"}, plural(R.examples_left_out, "example") + " left out to keep this file small.") : null);
    if (list.length) list[0].open = true;
  }

  // ---- 3. endpoints
  function table(columns, rows, options) {
    const body = h("tbody");
    const fill = sorted => body.replaceChildren(...sorted.map(row => h("tr", {}, columns.map(col => h("td", {class: col.tone ? col.tone(row) : ""}, col.show(row))))));
    const head = h("tr", {}, columns.map(col => {
      const cell = h("th", {scope: "col"});
      cell.append(col.by ? h("button", {type: "button", onclick: () => {
        const down = cell.getAttribute("aria-sort") !== "descending";
        for (const other of head.children) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        fill([...rows].sort((a, b) => { const x = col.by(a), y = col.by(b); return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1); }));
      }}, col.title) : col.title);
      return cell;
    }));
    fill(rows);
    return h("div", {class: "scroll"}, h("table", options || {}, h("thead", {}, head), body));
  }

  function endpoints() {
    if (!R.endpoints.length) return;
    const rate = e => e.pairs ? (e.different + e.no_answer) / e.pairs : 0;
    const zero = get => e => get(e) ? "bad" : "zero";
    const columns = [
      {title: "Endpoint", show: e => e.endpoint, by: e => e.endpoint},
      {title: "Pairs", show: e => number(e.pairs), by: e => e.pairs},
      {title: "Differ", show: e => number(e.different), by: e => e.different, tone: zero(e => e.different)},
      {title: "No answer", show: e => number(e.no_answer), by: e => e.no_answer, tone: zero(e => e.no_answer)},
      {title: "Rate", show: e => share(rate(e)), by: rate, tone: zero(rate)}];
    if (isReplay) {
      const ratio = e => e.latency && e.recorded_latency && e.recorded_latency.count ? e.latency.p50_us / Math.max(1, e.recorded_latency.p50_us) : null;
      const get = (e, which, q) => e[which] && e[which].count ? e[which][q] : -1;
      const shown = us => us < 0 ? "–" : time(us);
      columns.push({title: "p50 recorded", show: e => shown(get(e, "recorded_latency", "p50_us")), by: e => get(e, "recorded_latency", "p50_us")},
        {title: "p50 live", show: e => shown(get(e, "latency", "p50_us")), by: e => get(e, "latency", "p50_us")},
        {title: "p99 recorded", show: e => shown(get(e, "recorded_latency", "p99_us")), by: e => get(e, "recorded_latency", "p99_us")},
        {title: "p99 live", show: e => shown(get(e, "latency", "p99_us")), by: e => get(e, "latency", "p99_us")},
        {title: "p50 ratio", show: e => ratio(e) === null ? "–" : h("span", {class: ratio(e) > 1.1 ? "slower" : ratio(e) < 0.9 ? "faster" : ""}, ratio(e).toFixed(2) + "×"), by: e => ratio(e) || 0});
    }
    section("endpoints", "Endpoints", "", card(table(columns, R.endpoints)),
      R.endpoints_total > R.endpoints.length ? h("p", {class: "lead"}, number(R.endpoints_total - R.endpoints.length) + " more are in the JSON result.") : null);
  }

  // ---- 4. latency and load
  const charts = [];
  function plot(make) {
    const canvas = h("canvas", {role: "img"});
    charts.push([canvas, make]);
    return h("div", {class: "plot"}, canvas);
  }
  const legend = entries => h("div", {class: "legend"}, entries.map(([color, text]) => {
    const patch = h("i");
    patch.style.background = "var(" + color + ")";
    return h("span", {}, patch, text);
  }));
  const axis = (title, extra) => Object.assign({title: {display: true, text: title, color: css("--muted"), font: {size: 11.5}}, grid: {color: css("--line-soft"), borderColor: css("--line")},
    ticks: {color: css("--muted"), font: {size: 11}, maxRotation: 0, autoSkipPadding: 14}}, extra);
  const line = (label, data, color, extra) => Object.assign({label, data, borderColor: css(color), backgroundColor: css(color), borderWidth: 2, pointRadius: 0, pointHitRadius: 12, tension: 0.15}, extra);
  const base = (scales, tooltip) => ({responsive: true, maintainAspectRatio: false, animation: false, interaction: {mode: "index", intersect: false},
    plugins: {legend: {display: false}, tooltip: {callbacks: tooltip}}, scales});
  const quantileName = q => { const p = 100 * q; return "p" + (Math.round(p * 1000) / 1000); };
  const scaleOf = values => { const some = values.filter(v => v > 0); return some.length && Math.max(...some) / Math.min(...some) > 40 ? "logarithmic" : "linear"; };

  function percentileChart(curves) {
    return canvas => {
      const tail = q => 1 / (1 - q);
      const values = curves.flatMap(([, , curve]) => curve.map(([, us]) => us));
      const data = curves.map(([name, color, curve]) => line(name, curve.map(([q, us]) => ({x: tail(q), y: us / 1000, q})), color));
      return new Chart(canvas, {type: "line", data: {datasets: data}, options: base({
        x: axis("share of requests that are faster", {type: "logarithmic", min: 1, ticks: Object.assign(axis("").ticks, {callback: v => ({1: "0", 2: "p50", 10: "p90", 100: "p99", 1000: "p99.9", 10000: "p99.99", 100000: "p99.999"})[v]})}),
        y: axis("latency, ms", {type: scaleOf(values), beginAtZero: true})},
        {title: items => quantileName(items[0].raw.q), label: item => " " + item.dataset.label + ": " + time(item.raw.y * 1000)})});
    };
  }
  const slots = () => R.load.seconds.map((_, i) => i * R.load.seconds_per_slot);
  function rateChart(canvas) {
    const s = R.load.seconds;
    return new Chart(canvas, {data: {labels: slots(), datasets: [
      line("offered", s.map(x => x.due), "--recorded", {type: "line", borderDash: [5, 4]}), line("sent", s.map(x => x.sent), "--live", {type: "line"}),
      {type: "bar", label: "failed", data: s.map(x => x.failed), backgroundColor: css("--unsafe"), barPercentage: 1, categoryPercentage: 1}]},
      options: base({x: axis("seconds since the start"), y: axis("requests per second", {beginAtZero: true})}, {title: items => items[0].label + " s", label: item => " " + item.dataset.label + ": " + rps(item.raw)})});
  }
  function timeChart(canvas) {
    const s = R.load.seconds, ms = us => us === undefined ? null : us / 1000;
    return new Chart(canvas, {type: "line", data: {labels: slots(), datasets: [line("p99", s.map(x => ms(x.p99_us)), "--unsafe", {spanGaps: true}), line("p50", s.map(x => ms(x.p50_us)), "--live", {spanGaps: true})]},
      options: base({x: axis("seconds since the start"), y: axis("latency, ms", {type: scaleOf(s.flatMap(x => [x.p50_us, x.p99_us])), beginAtZero: true})},
        {title: items => items[0].label + " s", label: item => " " + item.dataset.label + ": " + time(item.raw * 1000)})});
  }
  const quantileTable = rows => table([{title: "", show: r => r[0]}, {title: "count", show: r => number(r[1].count)},
    ...[["mean", "mean_us"], ["p50", "p50_us"], ["p90", "p90_us"], ["p95", "p95_us"], ["p99", "p99_us"], ["p99.9", "p999_us"], ["max", "max_us"]].map(([title, key]) => ({title, show: r => r[1].count ? time(r[1][key]) : "–"}))], rows, {class: "plain"});
  const panel = (title, sub, ...children) => h("div", {class: "card panel"}, h("h3", {}, title), sub ? h("p", {class: "sub"}, sub) : null, ...children);

  function latency() {
    if (isReplay) {
      if (!R.load.latency.count) return;
      section("latency", "Latency", R.load.latency_from_due ? "From the moment a request was due to the last byte of its answer: a target that stalls cannot hide it." : "From the send to the last byte of the answer (closed loop: a stalled target also slows the sending).",
        h("div", {class: "grid"}, panel("Recorded against live", "Recorded and live may have been measured over different networks.", plot(percentileChart([["recorded", "--recorded", R.load.recorded_curve], ["live", "--live", R.load.latency_curve]])), legend([["--recorded", "recorded"], ["--live", "live"]])),
          R.load.seconds.length > 1 ? panel("Latency over time", "By second of the due time.", plot(timeChart), legend([["--unsafe", "p99"], ["--live", "p50"]])) : null),
        h("p"), card(quantileTable([["recorded", R.load.recorded_latency], [R.load.latency_from_due ? "live, from due" : "live, from the send", R.load.latency], ["live, from the send", R.load.service]].slice(0, R.load.latency_from_due ? 3 : 2))));
    } else if (R.latencies.primary.count || R.latencies.candidate.count) {
      section("latency", "Latency", "As the two tapes hold it. They may have been measured over different networks.",
        h("div", {class: "grid"}, panel("A against B", "", plot(percentileChart([["A", "--recorded", R.latencies.primary_curve], ["B", "--live", R.latencies.candidate_curve]])), legend([["--recorded", "A"], ["--live", "B"]]))),
        h("p"), card(quantileTable([["A", R.latencies.primary], ["B", R.latencies.candidate]])));
    }
  }

  function load() {
    if (!isReplay || !R.load.sent) return;
    const facts = h("dl");
    const fact = (name, value) => { if (value) facts.append(h("dt", {}, name), h("dd", {}, value)); };
    fact("planned", number(R.load.planned) + " requests" + (R.load.speed ? " at " + R.load.speed + "x" : ""));
    fact("sent", number(R.load.sent) + " in " + seconds(R.load.wall_s));
    fact("answered", number(R.load.answered));
    fact("failed", sum(R.load.failed) ? number(sum(R.load.failed)) + " (" + reasons(R.load.failed) + ")" : "none");
    fact("errors", number(R.load.errors) + " (" + share(R.load.errors / Math.max(1, R.load.sent + (R.load.skipped.limit || 0) + (R.load.skipped.expired || 0))) + "): failed, or 5xx where the recording had none");
    fact("on time", number(R.load.on_time) + " of " + number(R.load.sent) + (sum(R.load.late) ? "; late because of " + reasons(R.load.late) : ""));
    fact("connections", R.load.reconnects || R.load.overflow_connections ? plural(R.load.reconnects, "reconnect") + ", " + plural(R.load.overflow_connections, "overflow connection") + ", " + plural(R.load.retries, "retry", "retries") : "as recorded");
    fact("clamped", R.load.clamped ? plural(R.load.clamped, "recorded time") + " that ran backwards" : "");
    section("load", "Load", "",
      h("div", {class: "grid"}, R.load.seconds.length > 1 ? panel("Rate over time", "Offered " + rps(R.load.offered_rps) + ", achieved " + rps(R.load.achieved_rps) + ".", plot(rateChart), legend([["--recorded", "offered (due)"], ["--live", "sent"], ["--unsafe", "failed"]])) : null,
        panel("The run in numbers", "", facts)),
      h("p"), card(quantileTable([["lateness of the sends", R.load.lateness], ["of that, the generator's", R.load.generator_lateness]])));
  }

  // ---- 5. noise, rules, origin
  function noise() {
    const rules = Object.entries(R.comparison.hidden_by_rules).sort((a, b) => b[1] - a[1]);
    if (!R.noise.length && !rules.length) return;
    const node = section("noise", "Noise and rules", "What differs in every run, or was not asked about. It is listed, and does not count for the verdict.");
    if (R.noise.length) node.append(card(R.noise.map(cluster)));
    if (rules.length) node.append(h("p"), card(table([{title: "Built-in rule", show: r => r[0]}, {title: "hid a difference in", show: r => plural(r[1], "pair"), by: r => r[1]}], rows(rules))));
  }
  const rows = list => list;

  function about() {
    const list = h("dl");
    const fact = (name, value) => { if (value) list.append(h("dt", {}, name), h("dd", {class: "mono"}, value)); };
    if (isReplay) {
      fact("tape", R.tapes.join(", "));
      fact("target", R.target);
      fact("speed", R.load.speed ? R.load.speed + "x" : "");
    } else {
      fact("A", R.primary);
      fact("B", R.candidate);
    }
    fact("made by", "tapedeck " + R.tool);
    section("about", "About this run", "", h("div", {class: "card panel"}, list));
  }

  // ---- the page
  document.title = (R.verdict.word ? R.verdict.word + " · " : "") + "tapedeck report";
  document.getElementById("run").textContent = isReplay ? R.tapes.join(", ") + " → " + R.target : R.primary + " against " + R.candidate;
  hero();
  differences();
  endpoints();
  latency();
  load();
  noise();
  about();
  document.getElementById("nav").append(...sections.map(([id, title]) => h("a", {href: "#" + id}, title)));

  const draw = () => {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const entry of charts) {
      if (entry[2]) entry[2].destroy();
      entry[2] = entry[1](entry[0]);
    }
  };
  draw();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  document.getElementById("theme").addEventListener("click", () => {
    const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    draw();
  });

  document.addEventListener("keydown", event => {
    const typing = event.target.tagName === "INPUT";
    if (event.key === "Escape") { if (typing) event.target.blur(); else for (const open of document.querySelectorAll("details[open]")) open.open = false; return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { const box = document.querySelector(".tools input"); if (box) { event.preventDefault(); box.focus(); } return; }
    if (event.key !== "j" && event.key !== "k") return;
    const list = [...document.querySelectorAll("details.cluster:not([hidden]) > summary")];
    const next = list[Math.min(list.length - 1, Math.max(0, list.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1)))];
    if (next) { next.focus(); next.scrollIntoView({block: "nearest"}); }
  });
  const openLinked = () => { const linked = location.hash && document.getElementById(location.hash.slice(1)); if (linked && linked.tagName === "DETAILS") { linked.open = true; linked.scrollIntoView(); } };
  window.addEventListener("hashchange", openLinked);
  openLinked();
})();
