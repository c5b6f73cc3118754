from faded_skies.cli import main

main()
