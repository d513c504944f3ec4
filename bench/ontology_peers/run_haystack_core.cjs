// haystack-core on the campus, in a process of its own: a task as JSON in, an answer as JSON out.
"use strict"
const fs = require("node:fs")
const path = require("node:path")
const { HFilter, HGrid, ZincReader } = require(path.join(process.cwd(), "node_modules", "haystack-core"))

const READERS = {
    zinc: (text) => ZincReader.readValue(text),
    hayson: (text) => HGrid.make(JSON.parse(text)),
}

function load(task) {
    const began = performance.now()
    const rows = READERS[task.format](fs.readFileSync(task.file, "utf8")).getRows()
    const byId = new Map(rows.map((row) => [row.get("id").value, row]))
    return { rows, resolve: (ref) => byId.get(ref.value), load_s: (performance.now() - began) / 1000 }
}

function find(model, text) {
    const filter = new HFilter(text)
    return model.rows.filter((dict) => filter.eval({ dict, resolve: model.resolve }))
}

function timed(model, text, times) {
    const took = []
    let count = 0
    for (let turn = 0; turn <= times; turn++) {
        const began = performance.now()
        count = find(model, text).length
        took.push(performance.now() - began)
    }
    return { first_ms: took[0], warm_ms: Math.min(...took.slice(1)), count }
}

function matches(model, text) {
    try {
        return find(model, text).map((row) => row.get("id").value).sort()
    } catch (error) {
        return { error: String(error.message ?? error) }
    }
}

const task = JSON.parse(fs.readFileSync(0, "utf8"))
const model = load(task)
const answer = { load_s: model.load_s, entities: model.rows.length, queries: {} }
for (const [name, text] of Object.entries(task.queries ?? {})) {
    answer.queries[name] = timed(model, text, task.times)
}
answer.matches = (task.filters ?? []).map((text) => matches(model, text))
answer.peak_rss_mb = process.resourceUsage().maxRSS / 1024
process.stdout.write(JSON.stringify(answer))
