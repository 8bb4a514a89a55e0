"""What `naiad bench` needs: the systems that are compared, each run in a process of its own."""
