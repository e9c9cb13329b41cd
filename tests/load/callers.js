// Callers at a steady rate, whatever the service does: late answers do not slow them down.
// URL, KEY, RATE and SECONDS say whom, as whom, how often and how long; CALL is get, post or batch, IDS and PAIRINGS
// are JSON; SUMMARY is the file the result is written to.
import http from "k6/http";
import { check } from "k6";

const ids = JSON.parse(__ENV.IDS || '["m1"]');
const pairings = JSON.parse(__ENV.PAIRINGS || "[]");
const headers = { "X-API-Key": __ENV.KEY, "Content-Type": "application/json" };
const wanted = Number(__ENV.STATUS || 200);

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ["med", "p(99)", "max"],
  scenarios: {
    callers: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE),
      duration: `${__ENV.SECONDS}s`,
      preAllocatedVUs: Number(__ENV.CALLERS || 64),
      maxVUs: 256,
    },
  },
};

const calls = {
  get: (n) => http.get(`${__ENV.URL}/predict/${ids[n % ids.length]}`, { headers, tags: { name: "get" } }),
  post: (n) => http.post(`${__ENV.URL}/predict/`, JSON.stringify(pairings[n % pairings.length]), { headers }),
  batch: () => http.post(`${__ENV.URL}/predict/batch/`, __ENV.BATCH, { headers }),
  mixed: (n) => (n % 10 < 7 ? calls.get(n) : calls.post(n)),
};

export default function () {
  const answer = calls[__ENV.CALL](__VU * 7919 + __ITER);
  check(answer, { answered: (a) => a.status === wanted });
}

export function handleSummary(data) {
  const took = data.metrics.http_req_duration.values;
  const result = {
    requests: data.metrics.http_reqs.values.count,
    rate: data.metrics.http_reqs.values.rate,
    p50: took.med,
    p99: took["p(99)"],
    bad: data.metrics.checks.values.fails,
    dropped: data.metrics.dropped_iterations ? data.metrics.dropped_iterations.values.count : 0,
  };
  return { [__ENV.SUMMARY]: JSON.stringify(result) };
}
