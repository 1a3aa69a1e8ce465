"""Judge models and scenarios on held-out days: spark-submit jobs/evaluate.py --as-of 2026-03-02 --scenario home."""

from argparse import ArgumentParser, Namespace
from datetime import date

from reclake.run.application import Application
from reclake.run.evaluating import evaluate
from reclake.run.job import main


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--as-of", required=True, type=date.fromisoformat, help="judged on the days before it")
    parser.add_argument(
        "--scenario", action="append", default=[], help="judge this scenario and nothing else; may be repeated; all without it"
    )


def judge(app: Application, options: Namespace) -> None:
    """Publish the figures in gold.model_metrics; nothing is promoted."""
    evaluate(app, as_of=options.as_of, scenarios=options.scenario)


if __name__ == "__main__":
    main(judge, arguments, needs_keys=False, stages=lambda _: ("training",))
