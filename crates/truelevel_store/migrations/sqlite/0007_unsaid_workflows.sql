-- Whether a run executed no shared workflow, or its source did not say, was not told apart until now: nothing is taken for
-- said. What is observed again says it.
UPDATE pipeline_run SET shared_workflows = 'null' WHERE shared_workflows = '[]';
