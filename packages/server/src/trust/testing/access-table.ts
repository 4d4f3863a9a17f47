/*
 * What each job may do. A line is: what is special | the sample that it begins with | its changes to the
 * claims (null: left out) | what it writes, without issuer and project | the branches whose protected
 * entries it reads besides its own | what the server's owner has set.
 */
const GITHUB = `
push, protected                   | github | | protected:refs/heads/main | master |
push, not protected               | github | "ref_protected": "false" | branch:refs/heads/main | main master |
push of another branch            | github | "ref": "refs/heads/x/y", "ref_protected": "false" | branch:refs/heads/x/y | main master |
schedule                          | github | "event_name": "schedule" | protected:refs/heads/main | master |
workflow_dispatch                 | github | "event_name": "workflow_dispatch" | protected:refs/heads/main | master |
workflow_dispatch, not protected  | github | "event_name": "workflow_dispatch", "ref_protected": "false" | branch:refs/heads/main | main master |
merge_group, protected            | github | "event_name": "merge_group", "ref": "QUEUE" | protected:QUEUE | next main master |
merge_group, not protected        | github | "event_name": "merge_group", "ref": "QUEUE", "ref_protected": "false" | branch:QUEUE | next main master |
pull_request                      | github-pr | | pr:17 | next main master |
pull_request, protected           | github-pr | "ref_protected": "true" | pr:17 | next main master |
pull_request, maybe a fork's      | github-pr | | - | next main master | issuer.forksGetTokens=true
the same, isolated                | github-pr | | fork:17 | next main master | issuer.forksGetTokens=true policy.forkPullRequests="isolated"
the same, that may do nothing     | github-pr | | - | | issuer.forksGetTokens=true policy.forkPullRequests="nothing"
pull_request on a branch's ref    | github-pr | "ref": "refs/heads/next" | - | next main master |
pull_request without a base       | github-pr | "base_ref": null | - | main master |
pull_request_target               | github | "event_name": "pull_request_target", "base_ref": "main" | - | main master |
issue_comment                     | github | "event_name": "issue_comment" | - | main master |
issues                            | github | "event_name": "issues" | - | main master |
workflow_run                      | github | "event_name": "workflow_run" | - | main master |
discussion_comment                | github | "event_name": "discussion_comment" | - | main master |
fork                              | github | "event_name": "fork" | - | main master |
watch                             | github | "event_name": "watch" | - | main master |
pull_request_review               | github | "event_name": "pull_request_review" | - | main master |
workflow_call                     | github | "event_name": "workflow_call" | - | main master |
an event of tomorrow              | github | "event_name": "tomorrow" | - | main master |
an event that objects have        | github | "event_name": "toString" | - | main master |
an event in capitals              | github | "event_name": "PUSH" | - | main master |
repository_dispatch               | github | "event_name": "repository_dispatch" | - | main master |
repository_dispatch, allowed      | github | "event_name": "repository_dispatch" | protected:refs/heads/main | master | policy.trustedTriggers=["dispatch"]
push, not allowed                 | github | | - | main master | policy.trustedTriggers=["schedule"]
release                           | github | "event_name": "release", "ref": "refs/tags/v1", "ref_type": "tag" | - | |
release on a branch               | github | "event_name": "release" | - | |
push of a tag                     | github | "ref": "refs/tags/v1", "ref_type": "tag" | - | |
push of a tag, reads allowed      | github | "ref": "refs/tags/v1", "ref_type": "tag" | - | main master | policy.releaseReads="protected"
workflow_dispatch on a tag        | github | "event_name": "workflow_dispatch", "ref": "refs/tags/v1", "ref_type": "tag" | - | |
a tag that says it is a branch    | github | "ref": "refs/tags/v1" | - | |
a branch that says it is a tag    | github | "ref_type": "tag" | - | main master |
a deployment                      | github | "environment": "production" | - | |
a deployment of a pull request    | github-pr | "environment": "preview" | - | |
a release workflow                | github | "job_workflow_ref": "acme/ci/.github/workflows/release.yml@v2" | - | | policy.releaseWorkflows=["acme/ci/*/release.yml@*"]
called from a release workflow    | github | "workflow_ref": "acme/shop/.github/workflows/release.yml@main" | - | | policy.releaseWorkflows=["*/release.yml@*"]
another workflow                  | github | | protected:refs/heads/main | master | policy.releaseWorkflows=["*/release.yml@*"]
no ref                            | github | "ref": null | - | main master |
no ref_type                       | github | "ref_type": null | - | main master |
no ref_protected                  | github | "ref_protected": null | - | main master |
no event_name                     | github | "event_name": null | - | main master |
no repository_owner_id            | github | "repository_owner_id": null | - | main master | issuer.admits=[{"tenant":"default","project":"74"}]
no job_workflow_ref               | github | "job_workflow_ref": null | - | main master |
ref_protected is true             | github | "ref_protected": true | - | main master |
ref_protected is 1                | github | "ref_protected": 1 | - | main master |
ref_protected is "True"           | github | "ref_protected": "True" | - | main master |
ref_protected is "yes"            | github | "ref_protected": "yes" | - | main master |
ref_protected is a list           | github | "ref_protected": ["true"] | - | main master |
ref_protected with a line feed    | github | "ref_protected": "true\\n" | - | main master |
a ref that leaves its place       | github | "ref": "refs/heads/../main" | - | main master |
a ref with a slash at the end     | github | "ref": "refs/heads/main/" | - | main master |
a ref with two slashes            | github | "ref": "refs/heads//main" | - | main master |
a ref with a dot as a name        | github | "ref": "refs/heads/./main" | - | main master |
a ref with a NUL                  | github | "ref": "refs/heads/main\\u0000" | - | main master |
a ref with a colon                | github | "ref": "refs/heads/a:b" | - | main master |
a ref that is a short name        | github | "ref": "main" | - | main master |
a ceiling of branch               | github | | branch:refs/heads/main | main master | issuer.ceiling="branch"
a ceiling of pr, on a branch      | github | | - | main master | issuer.ceiling="pr"
a ceiling of pr                   | github-pr | | pr:17 | next main master | issuer.ceiling="pr"
a ceiling of untrusted            | github-pr | | - | next main master | issuer.ceiling="untrusted"
`

const OTHERS = `
push, protected                   | gitlab | | protected:refs/heads/main | master |
push, not protected               | gitlab | "ref_protected": "false" | branch:refs/heads/main | main master |
push, protected is no text        | gitlab | "ref_protected": true | - | main master |
schedule                          | gitlab | "pipeline_source": "schedule" | protected:refs/heads/main | master |
web                               | gitlab | "pipeline_source": "web" | protected:refs/heads/main | master |
merge request                     | gitlab-mr | | pr:refs/heads/feature | main master |
merge request, by number          | gitlab-mr | "ref_path": "refs/merge-requests/17/head" | pr:17 | main master |
merge train                       | gitlab-mr | "ref_path": "refs/merge-requests/17/train" | pr:17 | main master |
of a protected branch             | gitlab-mr | "ref": "main", "ref_path": "refs/heads/main", "ref_protected": "true" | pr:refs/heads/main | main master |
a fork's, in the target           | gitlab-mr | "project_id": "99", "namespace_id": "98" | - | main master |
a fork's, isolated                | gitlab-mr | "project_id": "99", "namespace_id": "98" | fork:99:refs/heads/feature | main master | policy.forkPullRequests="isolated"
a fork's, by number, isolated     | gitlab-mr | "project_id": "99", "ref_path": "refs/merge-requests/17/head" | fork:17 | main master | policy.forkPullRequests="isolated"
a fork's, by its source           | gitlab-mr | "source_project_id": "99" | - | main master |
a fork's, before 18.3             | gitlab-mr | "job_project_id": null, "job_namespace_id": null | - | main master |
a fork's, that may do nothing     | gitlab-mr | "project_id": "99" | - | | policy.forkPullRequests="nothing"
push whose projects disagree      | gitlab | "project_id": "99" | - | main master |
push, before 18.3                 | gitlab | "job_project_id": null | protected:refs/heads/main | master |
parent_pipeline                   | gitlab | "pipeline_source": "parent_pipeline" | - | main master | policy.trustedTriggers=["push","schedule","merge-queue","manual","dispatch"]
api                               | gitlab | "pipeline_source": "api" | - | main master |
trigger                           | gitlab | "pipeline_source": "trigger" | - | main master |
trigger, allowed                  | gitlab | "pipeline_source": "trigger" | protected:refs/heads/main | master | policy.trustedTriggers=["dispatch"]
chat                              | gitlab | "pipeline_source": "chat" | - | main master |
external                          | gitlab | "pipeline_source": "external" | - | main master |
tag                               | gitlab | "ref": "v1", "ref_type": "tag", "ref_path": "refs/tags/v1" | - | |
a deployment                      | gitlab | "environment": "production" | - | |
a release configuration           | gitlab | | - | | policy.releaseWorkflows=["*//.gitlab-ci.yml@refs/heads/main"]
ref and ref_path disagree         | gitlab | "ref_path": "refs/heads/other" | - | main master |
push that says it is a request's  | gitlab | "ref_path": "refs/merge-requests/17/head" | - | main master |
ref of an unknown type            | gitlab | "ref_type": "commit" | - | main master |
ref that leaves its place         | gitlab | "ref": "./main", "ref_path": null | - | main master |
no ref                            | gitlab | "ref": null | - | main master |
no ref_protected                  | gitlab | "ref_protected": null | - | main master |
no pipeline_source                | gitlab | "pipeline_source": null | - | main master |
a ceiling of pr, on a branch      | gitlab | | - | main master | issuer.ceiling="pr"
protected by the settings         | circleci | | protected:refs/heads/main | master |
another branch                    | circleci | "vcs-ref": "refs/heads/x" | branch:refs/heads/x | main master |
run again with SSH                | circleci | "ssh-rerun": true | - | main master |
run again with SSH, as text       | circleci | "ssh-rerun": "true" | - | main master |
no word on SSH                    | circleci | "ssh-rerun": null | - | main master |
a fork's branch                   | circleci | "vcs-origin": "github.com/mallory/shop" | - | main master |
a fork's branch, isolated         | circleci | "vcs-origin": "github.com/mallory/shop" | fork:github.com.mallory.shop:refs/heads/main | main master | policy.forkPullRequests="isolated"
pull/17                           | circleci | "vcs-ref": "refs/pull/17/head" | - | main master |
tag                               | circleci | "vcs-ref": "refs/tags/v1" | - | |
the token's first version         | circleci | "vcs-ref": null, "vcs-origin": null | - | main master |
a release's pipeline              | circleci | "pipeline-definition-id": "9f3a" | - | | policy.releaseWorkflows=["9f3a"]
no origin in the settings         | circleci | | - | main master | issuer.projects={}
below its own ceiling             | jenkins | | - | main master |
a higher ceiling                  | jenkins | | branch:refs/heads/main | main master | issuer.ceiling="branch"
a change                          | jenkins | "change_id": "17", "change_target": "next" | pr:17 | next main master | issuer.ceiling="pr"
a fork's change                   | jenkins | "change_id": "17", "change_fork": "mallory" | - | main master | issuer.ceiling="branch"
no branch                         | jenkins | "branch": null | - | main master | issuer.ceiling="branch"
the default branch                | github-runtime | | protected:refs/heads/main | master |
another branch                    | github-runtime | "ac": "[{'Scope':'refs/heads/x','Permission':3},{'Scope':'refs/heads/main','Permission':1}]" | branch:refs/heads/x | main master |
pull request, maybe a fork's      | github-runtime | "ac": "[{'Scope':'refs/pull/17/merge','Permission':3},{'Scope':'refs/heads/next','Permission':1}]" | - | next main master |
pull request, isolated            | github-runtime | "ac": "[{'Scope':'refs/pull/17/merge','Permission':3}]" | fork:17 | main master | policy.forkPullRequests="isolated"
read-only                         | github-runtime | "ac": "[{'Scope':'refs/heads/main','Permission':1}]" | - | main master |
tag                               | github-runtime | "ac": "[{'Scope':'refs/tags/v1','Permission':3}]" | - | |
nothing among the refs            | github-runtime | "ac": "[{'Scope':'refs/heads/main','Permission':3},null]" | - | main master |
a number among the refs           | github-runtime | "ac": "[{'Scope':'refs/heads/main','Permission':3},{'Scope':7,'Permission':1}]" | - | main master |
no ref among the refs             | github-runtime | "ac": "[{'Scope':'refs/heads/main','Permission':3},{'Scope':'main','Permission':1}]" | - | main master |
half a permission                 | github-runtime | "ac": "[{'Scope':'refs/heads/main','Permission':2.5}]" | - | main master |
no refs                           | github-runtime | "ac": "[]" | - | main master |
no list                           | github-runtime | "ac": "refs/heads/main" | - | main master |
an unknown permission             | github-runtime | "ac": "[{'Scope':'refs/heads/main','Permission':7}]" | - | main master |
`

export const ACCESS_TABLE: string = `${GITHUB.trim()}\n${OTHERS.trim()}`
