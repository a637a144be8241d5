#!/usr/bin/perl
# What the kernel's script of this name prints, for the toy tree; it has to be run in the tree, with a
# patch, and to see its git.
use strict;
use warnings;
die "no MAINTAINERS\n" unless -e "toy.h";
die "no git\n" unless -e ".git" && `git rev-parse HEAD 2>/dev/null`;
open(my $patch, "<", $ARGV[-1]) or die "no patch\n";
die "not a patch\n" unless grep { /^diff --git a\/read.h/ } <$patch>;
print "M A Intainer <maintainer\@example.org> (maintainer:TOY KERNEL)\n";
print "A U Thor <author\@example.org> (commit_signer:3/3=100%)\n";
print "Reviewer <reviewer\@example.org> (reviewer:TOY KERNEL)\n";
print "toy\@lists.example.org (open list:TOY KERNEL (boot))\n";
print "linux-kernel\@vger.kernel.org (open list)\n";
