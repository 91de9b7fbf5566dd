//! Mutants of the submit: what is taken for a job, and how an accepted one is told.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::deviation::deviations;
use crate::gateway::stages::Stages;
use crate::gateway::submission::{Mistake, wrong_types};
use crate::gateway::task::Task;
use crate::gateway::{Gateway, polling};

deviations! { Mutant of Gateway;
    REFUSES_VIDU "refuses-vidu" "refuses every Vidu job" => refuses_vidu;
    CREATED_TIME_MISSING "created-time-missing" "leaves created_time out of the submit answer" =>
        |stages| edit(stages, |_, data| drop(data.shift_remove("created_time")));
    STARTS_RUNNING "starts-running" "reports a fresh job as running in the submit answer" =>
        |stages| edit(stages, |_, data| drop(data.insert("status".to_owned(), json!("running"))));
    REPEATS_TASK_ID "repeats-task-id" "derives the task id from the first word of the prompt" =>
        repeats_task_id, excludes ["ids-race"];
    ECHOES_CALLBACK "echoes-callback" "adds callback_url to the submit answer when one was given" =>
        |stages| edit(stages, echo_callback);
    INPUT_OPEN "input-open" "accepts any key at the top of input but callback_url itself" =>
        |stages| tolerate(stages, |name| name != "callback_url");
    INPUT_DENYLIST "input-denylist" "refuses only the keys the documentation happens to name" =>
        |stages| tolerate(stages, |name| !NAMED.contains(&name));
    PROMPT_OPTIONAL "prompt-optional" "fills in a prompt when there is none" => prompt_optional;
    BLANK_PROMPT_ACCEPTED "blank-prompt-accepted" "accepts a prompt of blanks" => blank_prompt_accepted;
    PROMPT_COERCED "prompt-coerced" "turns a prompt of another type into text" => prompt_coerced;
    INPUT_OPTIONAL "input-optional" "fills in input when it is missing or no object" => input_optional;
    MODEL_OPTIONAL "model-optional" "falls back to kling-v1 without a model" => model_optional;
    UNKNOWN_MODEL_ACCEPTED "unknown-model-accepted" "runs an unknown model as kling-v1" => unknown_model_accepted;
    TYPES_UNCHECKED "types-unchecked" "ignores allow-listed fields of the wrong type" => types_unchecked;
    SECONDS_REFUSED "seconds-refused" "refuses the allow-listed field seconds" => seconds_refused;
}

/// Keys the documentation names as examples of what is not allowed at the top of `input`.
const NAMED: &[&str] =
    &["quality", "resolution", "n", "mask_url", "aspectRatio", "negativePrompt", "callback_url"];
/// What is run where the client named nothing that exists.
const FALLBACK: &str = "kling-v1";

/// Changes the fields of the submit answer.
fn edit(stages: &mut Stages, edit: fn(&Task, &mut Map<String, Value>)) {
    stages.submit_data.around(move |next, service, task| {
        let mut data = next.run(service, task.clone());
        if let Some(fields) = data.as_object_mut() {
            edit(&task, fields);
        }
        data
    });
}

fn echo_callback(task: &Task, data: &mut Map<String, Value>) {
    data.extend(task.callback_url.as_ref().map(|url| ("callback_url".to_owned(), json!(url))));
}

/// Lets keys stand at the top of `input`.
fn tolerate(stages: &mut Stages, tolerated: fn(&str) -> bool) {
    stages.input_key.around(
        move |next, service, key| {
            if tolerated(&key.name) { Ok(()) } else { next.run(service, key) }
        },
    );
}

fn refuses_vidu(stages: &mut Stages) {
    stages.carry_out.around_async(|next, service, order| async move {
        if order.route.leads_to("vidu") {
            return service.error(400, "invalid_request_error", "this model is not supported");
        }
        next.run(&service, order).await
    });
}

fn repeats_task_id(stages: &mut Stages) {
    stages.task_id.around(|_, _, wish| format!("task_{}", wish.prompt.split(' ').next().unwrap_or_default()));
}

fn prompt_optional(stages: &mut Stages) {
    stages.prompt.before(|_, prompt| prompt.or_else(|| Some(json!("untitled"))));
}

fn blank_prompt_accepted(stages: &mut Stages) {
    stages.prompt.around(|next, service, prompt| match prompt {
        Some(Value::String(blank)) if !blank.is_empty() => Ok(blank),
        prompt => next.run(service, prompt),
    });
}

fn prompt_coerced(stages: &mut Stages) {
    stages.prompt.before(|_, prompt| match prompt {
        Some(other) if !other.is_string() => Some(Value::from(other.to_string())),
        prompt => prompt,
    });
}

fn input_optional(stages: &mut Stages) {
    stages.input.around(|next, service, root| {
        next.run(service, root).or_else(|_| Ok(Map::from_iter([("prompt".to_owned(), json!("untitled"))])))
    });
}

fn model_optional(stages: &mut Stages) {
    stages.model.around(|next, service, body| {
        if body.root.contains_key("model") { next.run(service, body) } else { Ok(FALLBACK.to_owned()) }
    });
}

fn unknown_model_accepted(stages: &mut Stages) {
    stages.start.before(|service, mut job| {
        let model = &job.submission.model;
        if model != polling::MODEL && service.route(model).is_none() {
            FALLBACK.clone_into(&mut Arc::make_mut(&mut job.submission).model);
        }
        job
    });
}

fn types_unchecked(stages: &mut Stages) {
    stages.fields.before(|_, mut input| {
        for field in wrong_types(&input).collect::<Vec<_>>() {
            input.shift_remove(field);
        }
        let seconds = input.get("seconds").and_then(Value::as_str);
        if seconds.is_some_and(|seconds| seconds.parse::<u64>().is_err()) {
            input.shift_remove("seconds");
        }
        input
    });
}

fn seconds_refused(stages: &mut Stages) {
    stages.fields.around(|next, service, input| {
        if input.contains_key("seconds") {
            return Err(Mistake::new("input.seconds is not supported"));
        }
        next.run(service, input)
    });
}
