"""The one-command local stack: face service, emulated AWS, deployment, web and the demo."""
