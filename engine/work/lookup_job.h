/*
 * What the history is asked for a user's write, by a worker or by a simulation.
 */
#ifndef ENGINE_WORK_LOOKUP_JOB_H
#define ENGINE_WORK_LOOKUP_JOB_H

#include "engine/core/jobs.h"
#include "engine/history/navigate.h"

/* Answers a JOB_LOOKUP but for the key of its experiment: the commits that were named, or job->err
 * with the reason. `nav` has the repository and the large settings that name commits. */
void lookup_job_resolve(struct job *job, const struct navigator *nav);

#endif
